//! The phrases behind the cues, in English, German, French and Spanish.
//!
//! Invariant: lower case, apostrophes plain, phrases parted by `|`; a phrase stands for itself, never for a pattern.

use super::Cue;

/// Phrases by cue, in the order of [`Cue`].
pub(super) const PHRASES: [(Cue, &[&str]); 21] = [
    (
        Cue::Consent,
        &[
            "yes|yep|yeah|sure|go ahead|please do|please proceed|proceed|confirm|confirmed|i confirm",
            "sounds good|that works|do it|that's correct|that is correct|that's right|that's fine|okay|ok|ja",
            "gerne|einverstanden|bitte machen|in ordnung|oui|d'accord|allez-y|bien sûr|je confirme|sí|claro",
            "de acuerdo|adelante|por favor hazlo|confirmo|👍",
        ],
    ),
    (
        Cue::Denial,
        &[
            "no|nope|don't|do not|wait|never mind|hold on|stop|instead|nein|warte|nicht|doch nicht|non",
            "attendez|pas|espera|mejor no",
        ],
    ),
    (
        Cue::Refusal,
        &[
            "unable to|i can't|i cannot|we can't|we cannot|can't be|cannot be|not able to|not possible",
            "not allowed|not eligible|isn't eligible|not permitted|don't have the ability|unfortunately",
            "i'm not authorized|i handle|against our policy|leider|nicht möglich|kann ich nicht",
            "können wir nicht|malheureusement|je ne peux pas|pas possible|nous ne pouvons pas|lamentablemente",
            "desafortunadamente|no puedo|no es posible|no podemos",
        ],
    ),
    (
        Cue::AsksPerson,
        &[
            "real person|a human|human please|human agent|human being|live agent|real agent|actual person",
            "talk to a person|speak to a person|speak with a person|talk to someone|speak to someone",
            "speak with someone|a representative|your supervisor|a supervisor|your manager|a manager",
            "customer service rep|echten menschen|einen menschen|mitarbeiter sprechen|mit einem mitarbeiter",
            "vorgesetzten|un humain|une personne|un conseiller|vrai conseiller|responsable|una persona",
            "un humano|un agente|un supervisor|hablar con alguien",
        ],
    ),
    (
        Cue::OffersPerson,
        &[
            "human agent|a colleague|a specialist|a person|a human|a representative|live agent|hand you over",
            "transfer you|transferring you|transferred|pass you|passed you|passing this|connect you|escalate",
            "escalated|a supervisor|kollegen|kollegin|mitarbeiter|weiterleiten|weiterverbinden|un collègue",
            "un conseiller|une collègue|vous transférer|un compañero|un agente|le transfiero|transferirte",
        ],
    ),
    (
        Cue::Thanks,
        &[
            "thank|thanks|thank you|great|perfect|awesome|appreciate|wonderful|excellent|danke|super",
            "vielen dank|perfekt|merci|parfait|génial|gracias|perfecto|genial|estupendo",
        ],
    ),
    (
        Cue::Negative,
        &[
            "unbelievable|ridiculous|useless|terrible|awful|horrible|worst|frustrated|frustrating|annoyed",
            "annoying|angry|furious|unacceptable|disappointed|disappointing|waste of time|are you even",
            "i already told|i already said|i just did|i just told|already gave|third time|second time",
            "how many times|dispute this|lawyer|sue|scam|rip-off|joke|complaint|never again|not helpful",
            "what the hell|wtf|unverschämt|frechheit|lächerlich|enttäuscht|unmöglich|schon gesagt",
            "inacceptable|ridicule|déçu|honteux|scandaleux|déjà dit|inaceptable|ridículo|decepcionado",
            "vergüenza|ya se lo dije|ya te lo dije|i only wanted|😡|🤬|😠",
        ],
    ),
    (
        Cue::Apology,
        &[
            "sorry|apologize|apologise|apologies|my mistake|entschuldigung|tut mir leid|désolé|désolée",
            "lo siento|disculpe|perdón",
        ],
    ),
    (
        Cue::Hedge,
        &[
            "assume|assuming|assumption|probably|perhaps|might be|may be|i think|i believe|i guess|likely",
            "approximately|hypothetical|simulate|placeholder|for example purposes|vermutlich|wahrscheinlich",
            "ich glaube|probablement|peut-être|je pense|probablemente|quizás|supongo",
        ],
    ),
    (
        Cue::Correction,
        &[
            "i made a mistake|my mistake|by mistake|i apologize for the confusion|apologies for the confusion",
            "correction|let me correct|that was incorrect|i was wrong|misread|overlooked|was incorrect",
            "versehentlich|mein fehler|irrtümlich|par erreur|je me suis trompé|mon erreur|por error",
            "me equivoqué|mi error",
        ],
    ),
    (
        Cue::Fallback,
        &[
            "didn't understand|did not understand|don't understand|couldn't understand|could you rephrase",
            "please rephrase|something went wrong|technical difficulties|technical issue|technical error",
            "try again later|nicht verstanden|etwas schiefgelaufen|technisches problem|pas compris",
            "problème technique|no entendí|no he entendido|problema técnico|algo salió mal",
        ],
    ),
    (
        Cue::AsksConfirmation,
        &[
            "shall i|should i|would you like me to|would you like to proceed|do you want me to|do you confirm",
            "please confirm|can you confirm|could you confirm|confirm that|confirm if|(yes/no)|(yes)|proceed?",
            "go ahead?|is that correct|is this correct|soll ich|möchten sie|bestätigen sie|souhaitez-vous",
            "voulez-vous|dois-je|confirmez|quiere que|desea que|confirma|¿procedo|would you like a",
        ],
    ),
    (
        Cue::Automated,
        &[
            "virtual assistant|virtual agent|ai assistant|ai agent|automated assistant|automated agent",
            "digital assistant|chatbot|a bot|i'm an ai|i am an ai|virtueller assistent|virtuelle assistentin",
            "ki-assistent|assistant virtuel|assistante virtuelle|asistente virtual",
        ],
    ),
    (
        Cue::Sensitive,
        &[
            "suicide|kill myself|self-harm|hurt myself|lawyer|legal action|lawsuit|sue you|discrimination",
            "racist|harassment|abuse|threatened|medical emergency|allergic reaction|injured|injury",
            "passed away|deceased|bereavement|identity theft|fraud|anwalt|klage|selbstmord|verletzt",
            "verstorben|betrug|avocat|suicid|blessé|décédé|fraude|abogado|demanda|suicidio|herido|falleció",
        ],
    ),
    (
        Cue::AsksNumber,
        &[
            "order number|order id|reservation id|reservation number|booking number|booking reference",
            "reference number|account number|member number|membership number|ticket number|case number",
            "tracking number|bestellnummer|buchungsnummer|kundennummer|numéro de commande",
            "numéro de réservation|numéro de client|número de pedido|número de reserva|número de cliente",
        ],
    ),
    (
        Cue::AsksEmail,
        &[
            "email address|e-mail address|your email|your e-mail|e-mail-adresse|adresse e-mail|adresse mail",
            "correo electrónico",
        ],
    ),
    (
        Cue::Reason,
        &[
            "because|since|so that|therefore|as the|in order to|due to|which means|according to|weil|daher",
            "deshalb|parce que|donc|car|porque|por lo tanto|ya que",
        ],
    ),
    (Cue::Approves, &["pass|passed|approved|verified|looks good|all good|all correct|accepted|no issues"]),
    (Cue::Rejects, &["fail|failed|rejected|not approved|incorrect|does not match|mismatch|missing|not done"]),
    (
        Cue::Closing,
        &[
            "anything else|have a great day|have a nice day|have a good day|you're welcome|you are welcome",
            "glad i could help|noch etwas|schönen tag|gern geschehen|autre chose|bonne journée|avec plaisir",
            "algo más|buen día|de nada",
        ],
    ),
    (
        Cue::Condition,
        &[
            "if|otherwise|unless|in case|as long as|whichever|cheapest|either|or else|wenn|falls|sonst",
            "ansonsten|es sei denn|günstigste|sinon|à moins que|le moins cher|de lo contrario|a menos que",
            "más barato",
        ],
    ),
];

/// What a completed act is called, by the stem of the name of a tool that carries it out; the empty stem names no act.
pub(super) const ACTS: [(&str, &[&str]); 9] = [
    ("refund", &["refunded|reimbursed|refund submitted|erstattet|zurückerstattet|remboursé|reembolsado"]),
    ("cancel", &["cancelled|canceled|storniert|gekündigt|annulé|résilié|cancelado|anulado"]),
    ("book", &["booked|reserved|gebucht|réservé|reservado"]),
    ("exchang", &["exchanged|replaced|umgetauscht|échangé|cambiado"]),
    ("return", &["returned|zurückgesendet|retourné|devuelto"]),
    (
        "updat",
        &["updated|changed|modified|upgraded|corrected|geändert|aktualisiert|modifié|changé|actualizado", "modificado"],
    ),
    ("send", &["sent|emailed|e-mailed|issued|gesendet|verschickt|envoyé|enviado"]),
    ("add", &["added|applied|hinzugefügt|ajouté|añadido"]),
    ("", &["processed|completed|submitted|all done|done|erledigt|c'est fait|hecho|all set"]),
];
