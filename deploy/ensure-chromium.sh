#!/bin/sh
# Install Chromium from the distribution for the browser tests, where that is allowed.
# Never fails: without a browser those tests are skipped, and say why.
for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done
if ! command -v apt-get >/dev/null 2>&1; then
    echo "No Chromium and no apt-get here: browser tests will be skipped."
    exit 0
fi
if [ "$(id -u)" -eq 0 ]; then
    as_root=""
elif sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "No Chromium here, and installing it needs root: browser tests will be skipped."
    echo "To run them: sudo apt-get install chromium fonts-noto-core"
    exit 0
fi
echo "Installing Chromium from the distribution (once) ..."
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq >/dev/null 2>&1
$as_root apt-get install -y -qq --no-install-recommends chromium fonts-noto-core >/dev/null 2>&1 ||
    echo "Chromium could not be installed: browser tests will be skipped."
exit 0
