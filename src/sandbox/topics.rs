//! What people write to this help desk about: subjects and the sentences of their conversations.
//!
//! `{name}`, `{agent}`, `{product}`, `{order}` and `{carrier}` are filled in for each ticket.

pub(super) struct Topic {
    pub(super) reason: &'static str,
    pub(super) language: &'static str,
    /// The place in the list of groups that takes care of it.
    pub(super) group: u64,
    pub(super) form: u64,
    pub(super) kind: &'static str,
    pub(super) tags: &'static [&'static str],
    pub(super) subjects: &'static [&'static str],
    pub(super) openings: &'static [&'static str],
    pub(super) answers: &'static [&'static str],
    pub(super) replies: &'static [&'static str],
    pub(super) notes: &'static [&'static str],
    pub(super) solutions: &'static [&'static str],
}

pub(super) const TOPICS: &[Topic] = &[
    Topic {
        reason: "delivery_late",
        language: "en",
        group: 1,
        form: 0,
        kind: "question",
        tags: &["delivery", "late"],
        subjects: &[
            "Where is my order {order}?",
            "Order {order} still not here",
            "{carrier} says delivered, but nothing arrived",
        ],
        openings: &[
            "Hello,\n\nI ordered the {product} almost two weeks ago (order {order}) and the tracking page has not moved since Tuesday. Could you find out where it is?\n\nThanks,\n{name}",
            "Hi there, {carrier} claims that order {order} was handed over at 11:42, but nobody was at home and the neighbours don't have it either. It is a birthday present for Saturday, so I'm a little worried.\n\n{name}",
        ],
        answers: &[
            "Hi {name},\n\nI'm sorry for the wait. I have opened a trace with {carrier} for order {order}; they usually answer within one working day. I'll write to you as soon as I hear from them.\n\n{agent}",
            "Hello {name}, could you confirm the delivery address on order {order}, please? The label that {carrier} scanned has no house number on it.\n\n{agent}",
        ],
        replies: &[
            "The address is right, but the house number is missing indeed. It's 14b, second door on the left.",
            "Any news? The tracking page still shows the same place.",
            "Thank you, I'll wait until tomorrow then.",
        ],
        notes: &[
            "Called {carrier}: parcel is in the depot, driver marked it as delivered by mistake.",
            "Third trace for this depot this week. Telling the logistics team.",
        ],
        solutions: &[
            "Hi {name},\n\ngood news: {carrier} found the parcel and brings it tomorrow between 9 and 13 h. As an apology I have put 10 € on your account.\n\n{agent}",
            "Hi {name}, the parcel is lost, I'm afraid. I have sent a new {product} by express today; the new number follows by e-mail.\n\n{agent}",
        ],
    },
    Topic {
        reason: "damaged_on_arrival",
        language: "en",
        group: 2,
        form: 1,
        kind: "problem",
        tags: &["damaged", "replacement"],
        subjects: &[
            "{product} arrived with a crack",
            "Broken on arrival: {product}",
            "Lid does not close, order {order}",
        ],
        openings: &[
            "Hi,\n\nthe {product} arrived today and there is a crack right across the base. The box looked fine from outside. Order {order}. I have attached two photos.\n\nBest,\n{name}",
            "The lid of my new {product} does not click shut, whatever I try. It looks as if the hinge is bent. What should I do? (order {order})\n\n{name}",
        ],
        answers: &[
            "Hello {name},\n\nthat's not how it should arrive. May I send you a new {product}, or would you rather have your money back?\n\n{agent}",
            "Hi {name}, thanks for the photos. Please don't use it: water could get into the base. I have reserved a replacement for you; is the address of order {order} still right?\n\n{agent}",
        ],
        replies: &[
            "A new one, please. Same address.",
            "Do I have to send the broken one back? I have already thrown away the box.",
            "Thanks for the quick answer! Address is fine.",
        ],
        notes: &["Same batch as the ones from last week (B-2214). Quality has been told."],
        solutions: &[
            "Hi {name},\n\nthe new {product} left our warehouse today. You can recycle the broken one, no need to send it back.\n\n{agent}",
        ],
    },
    Topic {
        reason: "return",
        language: "en",
        group: 1,
        form: 2,
        kind: "task",
        tags: &["return", "refund"],
        subjects: &["Return of order {order}", "I'd like to send back the {product}"],
        openings: &[
            "Good morning,\n\nthe {product} is too large for our kitchen, so I'd like to return it. It is unused. How do I get a label for order {order}?\n\nKind regards\n{name}",
            "I changed my mind about the {product}. Bought it 9 days ago, order {order}. How long does the refund take? – {name}",
        ],
        answers: &[
            "Hi {name},\n\nno problem. The return label for order {order} is attached; drop the parcel at any {carrier} shop within 14 days.\n\n{agent}",
            "Hello {name}, of course. Is the packaging complete, with the power base and the booklet?\n\n{agent}",
        ],
        replies: &[
            "Everything is there but the plastic bag. Parcel is on its way.",
            "The label does not print, it says the PDF is damaged?",
        ],
        notes: &["Parcel scanned at returns, condition A."],
        solutions: &[
            "Hi {name}, the parcel is here and I have just released the refund. It takes 3 to 5 banking days.\n\n{agent}",
        ],
    },
    Topic {
        reason: "app_pairing",
        language: "en",
        group: 2,
        form: 1,
        kind: "incident",
        tags: &["app", "pairing", "bluetooth"],
        subjects: &[
            "Kettle does not show up in the app",
            "Pairing stops at 80 %",
            "App update: \"device not found\"",
        ],
        openings: &[
            "Hi, since the last update the app no longer finds my {product}. I have tried restarting phone and kettle, forgetting the device, and reinstalling. The blue light blinks twice, then goes out.\n\n{name}",
            "Pairing always stops at 80 % with \"error <E-17> & retry\". Phone is new, kettle is new. Any ideas?\n{name}",
        ],
        answers: &[
            "Hello {name},\n\nthe update asks for the permission \"nearby devices\" again. Could you open the phone's settings > Apps > Brightkettle > Permissions and see whether it is on?\n\n{agent}",
            "Hi {name}, please hold the power button for 12 seconds until the light turns white; that erases the old pairing. Then try once more and tell me which firmware the app shows.\n\n{agent}",
        ],
        replies: &[
            "Permission is on. Firmware says 2.14.0.",
            "White light is there, now it gets to 95 % and stops.",
            "That was it!!! Thank you so much 🎉",
        ],
        notes: &[
            "Reproduced with 2.14.0 and app 5.2. Linked to the known problem.",
            "Log from the customer shows GATT error 133.",
        ],
        solutions: &[
            "Hi {name},\n\nfirmware 2.14.1 is out and fixes exactly this. Update over the cable once, then pairing works again.\n\n{agent}",
        ],
    },
    Topic {
        reason: "invoice",
        language: "en",
        group: 3,
        form: 0,
        kind: "question",
        tags: &["invoice", "vat"],
        subjects: &["Invoice for order {order}", "VAT number missing on the invoice"],
        openings: &[
            "Hello, we need an invoice for order {order} with our VAT number on it. Our accountant won't take the receipt.\n\nRegards,\n{name}",
            "Dear team,\nthe invoice of order {order} is made out to my private name; could you change it to the company's?\n{name}",
        ],
        answers: &[
            "Hi {name}, sure. Which name, address and VAT number should be on it?\n\n{agent}",
            "Hello {name},\n\nI can change it until the end of the month. Could you send the company's full name as registered?\n\n{agent}",
        ],
        replies: &[
            "The details are in the signature below.",
            "Same address, only the name changes.",
        ],
        notes: &["VAT number checked, valid."],
        solutions: &[
            "Hi {name}, the new invoice is attached. The old one is cancelled.\n\n{agent}",
        ],
    },
    Topic {
        reason: "charged_twice",
        language: "en",
        group: 3,
        form: 2,
        kind: "problem",
        tags: &["payment", "duplicate_charge"],
        subjects: &["Charged twice for order {order}", "Two payments on my card"],
        openings: &[
            "Hi, my card statement shows two payments for order {order}, both on the same day. I only ordered one {product}! Please refund one of them.\n{name}",
        ],
        answers: &[
            "Hello {name},\n\nI see one payment and one reservation. The reservation should disappear by itself within five days. Does your bank still show both?\n\n{agent}",
        ],
        replies: &["Yes, both are there, and both say \"booked\".", "One is gone now, thanks."],
        notes: &["Payment provider confirms a double capture. Refund reference R-40117."],
        solutions: &[
            "Hi {name}, you were right, and I'm sorry: we refunded the second payment today.\n\n{agent}",
        ],
    },
    Topic {
        reason: "descaling",
        language: "en",
        group: 2,
        form: 0,
        kind: "question",
        tags: &["care", "descaling"],
        subjects: &["How often should I descale?", "Descaling light stays on"],
        openings: &[
            "Hello! The descaling light of my {product} is on although I descaled it yesterday, twice. Our water is very hard (21 °dH). Am I doing something wrong?\n\n{name}",
        ],
        answers: &[
            "Hi {name}, the counter is only reset when the programme runs to its end: about 25 minutes, with two rinses. Did you stop it earlier?\n\n{agent}",
        ],
        replies: &[
            "I stopped after the first rinse. Will try again tonight.",
            "It worked, light is off.",
        ],
        notes: &["Add this one to the help centre article."],
        solutions: &[
            "Glad to hear it, {name}! With 21 °dH I'd descale every three weeks.\n\n{agent}",
        ],
    },
    Topic {
        reason: "warranty",
        language: "en",
        group: 2,
        form: 1,
        kind: "incident",
        tags: &["warranty", "repair"],
        subjects: &["{product} stopped heating", "Warranty: no pressure after 14 months"],
        openings: &[
            "Hi,\nafter 14 months my {product} doesn't heat any more. The display works, the water stays cold. The receipt says order {order}. Is that covered?\n{name}",
        ],
        answers: &[
            "Hello {name},\n\nyes, you have two years. Could you send me the serial number? It is on the underside and begins with BK.\n\n{agent}",
            "Thank you, {name}. I have booked a repair; the courier picks it up on Thursday.\n\n{agent}",
        ],
        replies: &[
            "Serial number is BK-77120934.",
            "Thursday is fine. Do I need to pack the milk jug too?",
        ],
        notes: &["Heating element of series 3. Repair, no replacement.", "In repair, ETA Friday."],
        solutions: &[
            "Hi {name}, the repaired machine is on its way back to you, with a new heating element.\n\n{agent}",
        ],
    },
    Topic {
        reason: "business_order",
        language: "en",
        group: 4,
        form: 0,
        kind: "task",
        tags: &["b2b", "quote"],
        subjects: &["Quote for 24 × {product}", "Prices for our offices"],
        openings: &[
            "Dear Sir or Madam,\n\nwe would like to furnish four kitchens and are interested in 24 pieces of the {product}. Could you make us an offer, delivery in two lots?\n\nWith kind regards\n{name}",
        ],
        answers: &[
            "Dear {name},\n\nthank you for your interest. The quote is attached, with 12 % off the list price. When would you need the first lot?\n\n{agent}",
        ],
        replies: &[
            "First lot by the end of next month, please.",
            "Our purchasing department asks for 30 days net.",
        ],
        notes: &["Credit check done, 30 days net approved by finance."],
        solutions: &[
            "Dear {name}, the order is confirmed; both delivery dates are on the confirmation.\n\n{agent}",
        ],
    },
    Topic {
        reason: "login",
        language: "en",
        group: 0,
        form: 0,
        kind: "incident",
        tags: &["account", "login"],
        subjects: &["Password reset mail never comes", "Locked out of my account"],
        openings: &[
            "I cannot log in any more. The reset mail does not arrive, not even in spam. I need to see the guarantee card of my {product}.\n\n{name}",
        ],
        answers: &[
            "Hi {name}, your mail provider refused our message (\"550 5.7.1 blocked\"). Do you have another address that I could send it to?\n\n{agent}",
        ],
        replies: &["Please use my work address, it's the one I am writing from."],
        notes: &["Bounce in the mail log, provider blocks our new range."],
        solutions: &[
            "Done, {name}: the link was sent to your work address and is good for 24 hours.\n\n{agent}",
        ],
    },
    Topic {
        reason: "privacy",
        language: "en",
        group: 0,
        form: 0,
        kind: "task",
        tags: &["gdpr", "privacy"],
        subjects: &["Please delete my data", "Request under article 15 GDPR"],
        openings: &[
            "To whom it may concern,\n\nplease tell me which data you hold about me, and then delete all of it.\n\n{name}",
        ],
        answers: &[
            "Hello {name},\n\nI have received your request. To be sure that it is you: what was the number of your last order?\n\n{agent}",
        ],
        replies: &["It was {order}."],
        notes: &["Identity confirmed. Export made, deletion scheduled."],
        solutions: &[
            "Hello {name}, the export is attached; the deletion takes place in 30 days, as the law demands for invoices.\n\n{agent}",
        ],
    },
    Topic {
        reason: "praise",
        language: "en",
        group: 0,
        form: 0,
        kind: "question",
        tags: &["feedback"],
        subjects: &["Just a thank-you", "Idea for the {product}"],
        openings: &[
            "Hi all,\n\nno problem at all, I just wanted to say that the {product} makes the best morning of the week every morning. One idea: a quieter beep?\n\n{name}",
        ],
        answers: &[
            "Hi {name},\n\nthat made our day! The beep can be turned down: hold + and – together for three seconds.\n\n{agent}",
        ],
        replies: &["Ha, works! Perfect."],
        notes: &["Forwarded to the product team."],
        solutions: &["Enjoy your coffee, {name}.\n\n{agent}"],
    },
    Topic {
        reason: "delivery_late",
        language: "de",
        group: 1,
        form: 0,
        kind: "question",
        tags: &["delivery", "late", "german"],
        subjects: &["Wo bleibt meine Bestellung {order}?", "Paket seit Tagen in der Zustellung"],
        openings: &[
            "Guten Tag,\n\nmein Paket mit dem Artikel „{product}“ (Bestellung {order}) ist laut {carrier} seit fünf Tagen „in Zustellung“. Könnten Sie das bitte prüfen?\n\nFreundliche Grüße\n{name}",
        ],
        answers: &[
            "Guten Tag {name},\n\ndas tut uns leid. Wir haben bei {carrier} einen Nachforschungsauftrag gestellt und melden uns morgen.\n\n{agent}",
        ],
        replies: &[
            "Vielen Dank. Der Nachbar in Nr. 7 nimmt übrigens auch Pakete an.",
            "Gibt es schon etwas Neues?",
        ],
        notes: &["Nachforschung läuft, Aktenzeichen 88-1204."],
        solutions: &[
            "Guten Tag {name}, das Paket lag im Depot und wird heute zugestellt. Die Versandkosten haben wir erstattet.\n\n{agent}",
        ],
    },
    Topic {
        reason: "return",
        language: "fr",
        group: 1,
        form: 2,
        kind: "task",
        tags: &["return", "french"],
        subjects: &["Retour de la commande {order}", "Demande d’échange"],
        openings: &[
            "Bonjour,\n\nje souhaite échanger l’article « {product} » (commande {order}) contre un modèle plus petit. Est-ce possible ?\n\nCordialement,\n{name}",
        ],
        answers: &[
            "Bonjour {name},\n\nbien sûr. Vous trouverez l’étiquette de retour en pièce jointe ; l’échange est gratuit pendant 30 jours.\n\n{agent}",
        ],
        replies: &["Merci beaucoup ! Le colis part demain."],
        notes: &["Colis reçu, état neuf."],
        solutions: &[
            "Bonjour {name}, le nouveau modèle vous sera livré jeudi. Bonne dégustation !\n\n{agent}",
        ],
    },
    Topic {
        reason: "app_pairing",
        language: "es",
        group: 2,
        form: 1,
        kind: "incident",
        tags: &["app", "spanish"],
        subjects: &["La aplicación no encuentra el hervidor", "¿Cómo actualizo el firmware?"],
        openings: &[
            "Hola:\n\nDesde ayer la aplicación no encuentra mi {product}. He probado con dos teléfonos. ¿Qué puedo hacer?\n\nUn saludo,\n{name}",
        ],
        answers: &[
            "Hola, {name}:\n\n¿Podrías mantener pulsado el botón de encendido doce segundos, hasta que la luz se ponga blanca?\n\n{agent}",
        ],
        replies: &["Sí, ya está blanca, pero sigue sin aparecer.", "¡Funciona! Muchas gracias."],
        notes: &["Mismo error que en la versión 2.14.0."],
        solutions: &["¡Perfecto, {name}! Con la versión 2.14.1 no volverá a ocurrir.\n\n{agent}"],
    },
    Topic {
        reason: "damaged_on_arrival",
        language: "ja",
        group: 2,
        form: 1,
        kind: "problem",
        tags: &["damaged", "japanese"],
        subjects: &["商品が破損していました(注文番号 {order})", "ふたが閉まりません"],
        openings: &[
            "お世話になっております。\n\n本日届いた「{product}」の底にひびが入っていました。注文番号は {order} です。交換をお願いできますでしょうか。\n\n{name}",
        ],
        answers: &[
            "{name} 様\n\nご迷惑をおかけし、誠に申し訳ございません。新しい商品を本日発送いたします。\n\n{agent}",
        ],
        replies: &["早速のご対応ありがとうございます。"],
        notes: &["ロット B-2214。品質管理部に連絡済み。"],
        solutions: &[
            "{name} 様\n\n商品の到着を確認いたしました。今後ともよろしくお願いいたします。\n\n{agent}",
        ],
    },
];
