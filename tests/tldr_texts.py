"""A passage of instructions in four languages, and how a model might shorten it."""

from __future__ import annotations

from leanrag.types import Language

PASSAGES: dict[Language, str] = {
    "en": (
        "Glass and porcelain are packed to survive a fall of one metre, yet breakage happens."
        " The customer reports it within 48 hours of delivery with three photographs: the outer"
        " box, the inner packing and the broken piece. We do not ask for the broken piece back."
        " A replacement leaves within 2 business days, free of charge, or the customer chooses"
        " a refund. For a missing item we ask for a photograph of the opened box and the"
        " packing list.\n\nAsk for the order number and the three photographs. Check that"
        " delivery was not more than 48 hours ago. Offer replacement first, refund second."
        " Enter the case with the reason transit damage. Tell the customer the day on which the"
        " replacement leaves.\n\nA report later than 48 hours is passed to a colleague, who may"
        " still accept it when the photographs are clear. Never promise the customer what the"
        " colleague will decide."
    ),
    "fa": (
        "شیشه و چینی طوری بسته می‌شود که افتادن از یک متری را تاب بیاورد، ولی شکستگی پیش"
        " می‌آید. مشتری تا ۴۸ ساعت پس از تحویل آن را با سه عکس خبر می‌دهد: جعبهٔ بیرونی،"
        " بسته‌بندی داخلی و قطعهٔ شکسته. قطعهٔ شکسته را پس نمی‌خواهیم. کالای جایگزین تا ۲ روز"
        " کاری رایگان فرستاده می‌شود یا مشتری بازپرداخت را انتخاب می‌کند. برای کالای کم از"
        " مشتری عکس جعبهٔ بازشده و فهرست بسته را می‌خواهیم.\n\nشمارهٔ سفارش و سه عکس را بپرسید."
        " ببینید از تحویل بیش از ۴۸ ساعت نگذشته باشد. نخست جایگزین و سپس بازپرداخت را پیشنهاد"
        " کنید. مورد را با علت آسیب در راه ثبت کنید. به مشتری بگویید جایگزین چه روزی فرستاده"
        " می‌شود.\n\nخبر دیرتر از ۴۸ ساعت به همکار سپرده می‌شود که اگر عکس‌ها روشن باشد شاید"
        " هنوز بپذیرد. هرگز از سوی همکار قولی به مشتری ندهید."
    ),
    "ar": (
        "يُغلَّف الزجاج والخزف ليتحمل السقوط من متر واحد، ومع ذلك يحدث الكسر. يبلغ العميل عنه"
        " خلال 48 ساعة من التسليم بثلاث صور: الصندوق الخارجي والتغليف الداخلي والقطعة المكسورة."
        " لا نطلب إعادة القطعة المكسورة. يُرسل البديل خلال يومي عمل مجانًا أو يختار العميل"
        " استرداد المبلغ. عند نقص قطعة نطلب من العميل صورة للصندوق المفتوح وقائمة التغليف."
        "\n\nاسألوا عن رقم الطلب والصور الثلاث. تأكدوا أن التسليم لم يمض عليه أكثر من 48 ساعة."
        " اعرضوا البديل أولًا ثم استرداد المبلغ. سجلوا الحالة بسبب ضرر النقل. أخبروا العميل"
        " باليوم الذي يُرسل فيه البديل.\n\nالبلاغ بعد 48 ساعة يُحوَّل إلى زميل قد يقبله إذا"
        " كانت الصور واضحة. لا تعدوا العميل أبدًا بما سيقرره الزميل، بل قولوا له إن الرد يصل في"
        " يوم العمل التالي، واكتبوا ملاحظة قصيرة في ملف الطلب حتى يعرف الزميل ما الذي قيل"
        " للعميل وما الذي طُلب منه."
    ),
    "tr": (
        "Cam ve porselen bir metreden düşmeye dayanacak biçimde paketlenir, yine de kırılma"
        " olur. Müşteri bunu teslimattan sonraki 48 saat içinde üç fotoğrafla bildirir: dış"
        " kutu, iç ambalaj ve kırık parça. Kırık parçayı geri istemeyiz. Yenisi 2 iş günü"
        " içinde ücretsiz gönderilir ya da müşteri para iadesini seçer. Eksik ürün için açılmış"
        " kutunun ve paket listesinin fotoğrafını isteriz.\n\nSipariş numarasını ve üç"
        " fotoğrafı isteyin. Teslimatın üzerinden 48 saatten fazla geçmediğini denetleyin. Önce"
        " yenisini, sonra para iadesini önerin. Kaydı taşıma hasarı nedeniyle açın. Yenisinin"
        " hangi gün gönderileceğini müşteriye söyleyin.\n\n48 saatten geç bildirim bir çalışma"
        " arkadaşına aktarılır; fotoğraflar netse yine de kabul edebilir. Arkadaşınızın neye"
        " karar vereceği konusunda müşteriye asla söz vermeyin; yanıtın ertesi iş günü"
        " geleceğini söyleyin ve siparişe kısa bir not yazın."
    ),
}
SHORTENED: dict[Language, str] = {
    "en": (
        "Glass and porcelain can break although they are packed well. The customer has to"
        " report breakage within 48 hours of delivery, with three photographs of the outer box,"
        " the inner packing and the broken piece, which does not have to come back. Ask for the"
        " order number and offer a free replacement first, which leaves within 2 business days,"
        " or else a refund; tell the customer the day. For a missing item, ask for a photograph"
        " of the opened box and the packing list. Pass a later report to a colleague, who may"
        " accept it, and promise nothing."
    ),
    "fa": (
        "شیشه و چینی با بسته‌بندی خوب هم گاهی می‌شکند. مشتری باید شکستگی را تا ۴۸ ساعت پس از"
        " تحویل با سه عکس از جعبهٔ بیرونی، بسته‌بندی داخلی و قطعهٔ شکسته خبر دهد و قطعهٔ شکسته"
        " پس گرفته نمی‌شود. شمارهٔ سفارش را بپرسید، نخست کالای جایگزین رایگان را که تا ۲ روز"
        " کاری فرستاده می‌شود و سپس بازپرداخت را پیشنهاد کنید و روز فرستادن را به مشتری بگویید."
        " برای کالای کم عکس جعبهٔ بازشده و فهرست بسته را بخواهید. خبر دیرتر را به همکار بسپارید"
        " و قولی ندهید."
    ),
    "ar": (
        "قد ينكسر الزجاج والخزف رغم التغليف الجيد. على العميل أن يبلغ عن الكسر خلال 48 ساعة من"
        " التسليم بثلاث صور: الصندوق الخارجي والتغليف الداخلي والقطعة المكسورة، ولا نطلب"
        " إعادتها. اسألوا عن رقم الطلب واعرضوا البديل المجاني أولًا، ويُرسل خلال يومي عمل، ثم"
        " استرداد المبلغ، وأخبروا العميل باليوم. عند نقص قطعة اطلبوا صورة للصندوق المفتوح"
        " وقائمة التغليف. البلاغ المتأخر يُحوَّل إلى زميل قد يقبله إذا كانت الصور واضحة، فلا"
        " تعدوا العميل بشيء، بل قولوا إن الرد يصل في يوم العمل التالي، واكتبوا ملاحظة قصيرة في"
        " ملف الطلب."
    ),
    "tr": (
        "Cam ve porselen iyi paketlense de kırılabilir. Müşteri kırılmayı teslimattan sonraki"
        " 48 saat içinde dış kutunun, iç ambalajın ve kırık parçanın üç fotoğrafıyla"
        " bildirmelidir; kırık parça geri istenmez. Sipariş numarasını isteyin, önce 2 iş günü"
        " içinde gönderilen ücretsiz yenisini, sonra para iadesini önerin ve günü müşteriye"
        " söyleyin. Eksik ürün için açılmış kutunun ve paket listesinin fotoğrafını isteyin."
        " Geç bildirimi bir çalışma arkadaşınıza aktarın; fotoğraflar netse kabul edebilir."
        " Müşteriye söz vermeyin, yanıtın ertesi iş günü geleceğini söyleyin ve siparişe kısa"
        " bir not yazın."
    ),
}
