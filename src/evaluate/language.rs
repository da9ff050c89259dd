//! Cues in what people and agents write, in English, German, French and Spanish.
//!
//! Invariant: a cue is a fixed phrase between word borders; what is not in the lists is not heard, and every evaluator
//! that leans on cues says so in its "looks at" line. Text in other languages yields no cue, never a wrong one.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// What a phrase signals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Cue {
    /// "Yes, go ahead".
    Consent,
    /// "No", "not that", "wait": takes consent back.
    Denial,
    /// The agent says that something cannot be done.
    Refusal,
    /// The customer wants a person.
    AsksPerson,
    /// The agent offers or announces a person.
    OffersPerson,
    /// Thanks, and words of a content customer.
    Thanks,
    /// Words of an annoyed customer.
    Negative,
    /// The agent apologises.
    Apology,
    /// Guessing: "probably", "let's assume".
    Hedge,
    /// "I made a mistake", "correction".
    Correction,
    /// "I did not understand", "something went wrong".
    Fallback,
    /// The agent asks to confirm.
    AsksConfirmation,
    /// "I am a virtual assistant".
    Automated,
    /// Harm, law, health, discrimination: topics that need a person.
    Sensitive,
    /// The agent asks for an order or reference number.
    AsksNumber,
    /// The agent asks for an e-mail address.
    AsksEmail,
    /// "because", "so that", "therefore": reasons given.
    Reason,
    /// A verifier says that all is well.
    Approves,
    /// A verifier says that it is not.
    Rejects,
    /// The agent is about to close: "anything else?", "have a nice day".
    Closing,
    /// Requests with conditions: "if", "otherwise", "the cheapest".
    Condition,
}

/// How many kinds of cue there are.
const CUES: usize = Cue::Condition as usize + 1;

const PHRASES: [(Cue, &[&str]); CUES] = [
    (
        Cue::Consent,
        &[
            "yes",
            "yep",
            "yeah",
            "sure",
            "go ahead",
            "please do",
            "please proceed",
            "proceed",
            "confirm",
            "confirmed",
            "i confirm",
            "sounds good",
            "that works",
            "do it",
            "that's correct",
            "that is correct",
            "that's right",
            "that's fine",
            "okay",
            "ok",
            "ja",
            "gerne",
            "einverstanden",
            "bitte machen",
            "in ordnung",
            "oui",
            "d'accord",
            "allez-y",
            "bien sûr",
            "je confirme",
            "sí",
            "claro",
            "de acuerdo",
            "adelante",
            "por favor hazlo",
            "confirmo",
            "👍",
        ],
    ),
    (
        Cue::Denial,
        &[
            "no",
            "nope",
            "don't",
            "do not",
            "wait",
            "never mind",
            "hold on",
            "stop",
            "instead",
            "nein",
            "warte",
            "nicht",
            "doch nicht",
            "non",
            "attendez",
            "pas",
            "espera",
            "mejor no",
        ],
    ),
    (
        Cue::Refusal,
        &[
            "unable to",
            "i can't",
            "i cannot",
            "we can't",
            "we cannot",
            "can't be",
            "cannot be",
            "not able to",
            "not possible",
            "not allowed",
            "not eligible",
            "isn't eligible",
            "not permitted",
            "don't have the ability",
            "unfortunately",
            "i'm not authorized",
            "i handle",
            "against our policy",
            "leider",
            "nicht möglich",
            "kann ich nicht",
            "können wir nicht",
            "malheureusement",
            "je ne peux pas",
            "pas possible",
            "nous ne pouvons pas",
            "lamentablemente",
            "desafortunadamente",
            "no puedo",
            "no es posible",
            "no podemos",
        ],
    ),
    (
        Cue::AsksPerson,
        &[
            "real person",
            "a human",
            "human please",
            "human agent",
            "human being",
            "live agent",
            "real agent",
            "actual person",
            "talk to a person",
            "speak to a person",
            "speak with a person",
            "talk to someone",
            "speak to someone",
            "speak with someone",
            "a representative",
            "your supervisor",
            "a supervisor",
            "your manager",
            "a manager",
            "customer service rep",
            "echten menschen",
            "einen menschen",
            "mitarbeiter sprechen",
            "mit einem mitarbeiter",
            "vorgesetzten",
            "un humain",
            "une personne",
            "un conseiller",
            "vrai conseiller",
            "responsable",
            "una persona",
            "un humano",
            "un agente",
            "un supervisor",
            "hablar con alguien",
        ],
    ),
    (
        Cue::OffersPerson,
        &[
            "human agent",
            "a colleague",
            "a specialist",
            "a person",
            "a human",
            "a representative",
            "live agent",
            "hand you over",
            "transfer you",
            "transferring you",
            "transferred",
            "pass you",
            "passed you",
            "passing this",
            "connect you",
            "escalate",
            "escalated",
            "a supervisor",
            "kollegen",
            "kollegin",
            "mitarbeiter",
            "weiterleiten",
            "weiterverbinden",
            "un collègue",
            "un conseiller",
            "une collègue",
            "vous transférer",
            "un compañero",
            "un agente",
            "le transfiero",
            "transferirte",
        ],
    ),
    (
        Cue::Thanks,
        &[
            "thank",
            "thanks",
            "thank you",
            "great",
            "perfect",
            "awesome",
            "appreciate",
            "wonderful",
            "excellent",
            "danke",
            "super",
            "vielen dank",
            "perfekt",
            "merci",
            "parfait",
            "génial",
            "gracias",
            "perfecto",
            "genial",
            "estupendo",
        ],
    ),
    (
        Cue::Negative,
        &[
            "unbelievable",
            "ridiculous",
            "useless",
            "terrible",
            "awful",
            "horrible",
            "worst",
            "frustrated",
            "frustrating",
            "annoyed",
            "annoying",
            "angry",
            "furious",
            "unacceptable",
            "disappointed",
            "disappointing",
            "waste of time",
            "are you even",
            "i already told",
            "i already said",
            "i just did",
            "i just told",
            "already gave",
            "third time",
            "second time",
            "how many times",
            "dispute this",
            "lawyer",
            "sue",
            "scam",
            "rip-off",
            "joke",
            "complaint",
            "never again",
            "not helpful",
            "what the hell",
            "wtf",
            "unverschämt",
            "frechheit",
            "lächerlich",
            "enttäuscht",
            "unmöglich",
            "schon gesagt",
            "inacceptable",
            "ridicule",
            "déçu",
            "honteux",
            "scandaleux",
            "déjà dit",
            "inaceptable",
            "ridículo",
            "decepcionado",
            "vergüenza",
            "ya se lo dije",
            "ya te lo dije",
            "i only wanted",
            "😡",
            "🤬",
            "😠",
        ],
    ),
    (
        Cue::Apology,
        &[
            "sorry",
            "apologize",
            "apologise",
            "apologies",
            "my mistake",
            "entschuldigung",
            "tut mir leid",
            "désolé",
            "désolée",
            "lo siento",
            "disculpe",
            "perdón",
        ],
    ),
    (
        Cue::Hedge,
        &[
            "assume",
            "assuming",
            "assumption",
            "probably",
            "perhaps",
            "might be",
            "may be",
            "i think",
            "i believe",
            "i guess",
            "likely",
            "approximately",
            "hypothetical",
            "simulate",
            "placeholder",
            "for example purposes",
            "vermutlich",
            "wahrscheinlich",
            "ich glaube",
            "probablement",
            "peut-être",
            "je pense",
            "probablemente",
            "quizás",
            "supongo",
        ],
    ),
    (
        Cue::Correction,
        &[
            "i made a mistake",
            "my mistake",
            "by mistake",
            "i apologize for the confusion",
            "apologies for the confusion",
            "correction",
            "let me correct",
            "that was incorrect",
            "i was wrong",
            "misread",
            "overlooked",
            "was incorrect",
            "versehentlich",
            "mein fehler",
            "irrtümlich",
            "par erreur",
            "je me suis trompé",
            "mon erreur",
            "por error",
            "me equivoqué",
            "mi error",
        ],
    ),
    (
        Cue::Fallback,
        &[
            "didn't understand",
            "did not understand",
            "don't understand",
            "couldn't understand",
            "could you rephrase",
            "please rephrase",
            "something went wrong",
            "technical difficulties",
            "technical issue",
            "technical error",
            "try again later",
            "nicht verstanden",
            "etwas schiefgelaufen",
            "technisches problem",
            "pas compris",
            "problème technique",
            "no entendí",
            "no he entendido",
            "problema técnico",
            "algo salió mal",
        ],
    ),
    (
        Cue::AsksConfirmation,
        &[
            "shall i",
            "should i",
            "would you like me to",
            "would you like to proceed",
            "do you want me to",
            "do you confirm",
            "please confirm",
            "can you confirm",
            "could you confirm",
            "confirm that",
            "confirm if",
            "(yes/no)",
            "(yes)",
            "proceed?",
            "go ahead?",
            "is that correct",
            "is this correct",
            "soll ich",
            "möchten sie",
            "bestätigen sie",
            "souhaitez-vous",
            "voulez-vous",
            "dois-je",
            "confirmez",
            "quiere que",
            "desea que",
            "confirma",
            "¿procedo",
            "would you like a",
        ],
    ),
    (
        Cue::Automated,
        &[
            "virtual assistant",
            "virtual agent",
            "ai assistant",
            "ai agent",
            "automated assistant",
            "automated agent",
            "digital assistant",
            "chatbot",
            "a bot",
            "i'm an ai",
            "i am an ai",
            "virtueller assistent",
            "virtuelle assistentin",
            "ki-assistent",
            "assistant virtuel",
            "assistante virtuelle",
            "asistente virtual",
        ],
    ),
    (
        Cue::Sensitive,
        &[
            "suicide",
            "kill myself",
            "self-harm",
            "hurt myself",
            "lawyer",
            "legal action",
            "lawsuit",
            "sue you",
            "discrimination",
            "racist",
            "harassment",
            "abuse",
            "threatened",
            "medical emergency",
            "allergic reaction",
            "injured",
            "injury",
            "passed away",
            "deceased",
            "bereavement",
            "identity theft",
            "fraud",
            "anwalt",
            "klage",
            "selbstmord",
            "verletzt",
            "verstorben",
            "betrug",
            "avocat",
            "suicid",
            "blessé",
            "décédé",
            "fraude",
            "abogado",
            "demanda",
            "suicidio",
            "herido",
            "falleció",
        ],
    ),
    (
        Cue::AsksNumber,
        &[
            "order number",
            "order id",
            "reservation id",
            "reservation number",
            "booking number",
            "booking reference",
            "reference number",
            "account number",
            "member number",
            "membership number",
            "ticket number",
            "case number",
            "tracking number",
            "bestellnummer",
            "buchungsnummer",
            "kundennummer",
            "numéro de commande",
            "numéro de réservation",
            "numéro de client",
            "número de pedido",
            "número de reserva",
            "número de cliente",
        ],
    ),
    (
        Cue::AsksEmail,
        &[
            "email address",
            "e-mail address",
            "your email",
            "your e-mail",
            "e-mail-adresse",
            "adresse e-mail",
            "adresse mail",
            "correo electrónico",
        ],
    ),
    (
        Cue::Reason,
        &[
            "because",
            "since",
            "so that",
            "therefore",
            "as the",
            "in order to",
            "due to",
            "which means",
            "according to",
            "weil",
            "daher",
            "deshalb",
            "parce que",
            "donc",
            "car",
            "porque",
            "por lo tanto",
            "ya que",
        ],
    ),
    (
        Cue::Approves,
        &["pass", "passed", "approved", "verified", "looks good", "all good", "all correct", "accepted", "no issues"],
    ),
    (
        Cue::Rejects,
        &[
            "fail",
            "failed",
            "rejected",
            "not approved",
            "incorrect",
            "does not match",
            "mismatch",
            "missing",
            "not done",
        ],
    ),
    (
        Cue::Closing,
        &[
            "anything else",
            "have a great day",
            "have a nice day",
            "have a good day",
            "you're welcome",
            "you are welcome",
            "glad i could help",
            "noch etwas",
            "schönen tag",
            "gern geschehen",
            "autre chose",
            "bonne journée",
            "avec plaisir",
            "algo más",
            "buen día",
            "de nada",
        ],
    ),
    (
        Cue::Condition,
        &[
            "if",
            "otherwise",
            "unless",
            "in case",
            "as long as",
            "whichever",
            "cheapest",
            "either",
            "or else",
            "wenn",
            "falls",
            "sonst",
            "ansonsten",
            "es sei denn",
            "günstigste",
            "sinon",
            "à moins que",
            "le moins cher",
            "de lo contrario",
            "a menos que",
            "más barato",
        ],
    ),
];

/// What a completed act is called, by the kind of act: (stem of the tool's name, participles).
const ACTS: [(&str, &[&str]); 9] = [
    (
        "refund",
        &["refunded", "reimbursed", "refund submitted", "erstattet", "zurückerstattet", "remboursé", "reembolsado"],
    ),
    ("cancel", &["cancelled", "canceled", "storniert", "gekündigt", "annulé", "résilié", "cancelado", "anulado"]),
    ("book", &["booked", "reserved", "gebucht", "réservé", "reservado"]),
    ("exchang", &["exchanged", "replaced", "umgetauscht", "échangé", "cambiado"]),
    ("return", &["returned", "zurückgesendet", "retourné", "devuelto"]),
    (
        "updat",
        &[
            "updated",
            "changed",
            "modified",
            "upgraded",
            "corrected",
            "geändert",
            "aktualisiert",
            "modifié",
            "changé",
            "actualizado",
            "modificado",
        ],
    ),
    ("send", &["sent", "emailed", "e-mailed", "issued", "gesendet", "verschickt", "envoyé", "enviado"]),
    ("add", &["added", "applied", "hinzugefügt", "ajouté", "añadido"]),
    ("", &["processed", "completed", "submitted", "all done", "done", "erledigt", "c'est fait", "hecho", "all set"]),
];

/// Words that, shortly before a participle, make it something that happened.
const AUXILIARIES: [&str; 30] = [
    "has",
    "have",
    "been",
    "is",
    "are",
    "i've",
    "we've",
    "was",
    "were",
    "successfully",
    "now",
    "that's",
    "it's",
    "i",
    "wurde",
    "wurden",
    "ist",
    "sind",
    "habe",
    "haben",
    "été",
    "est",
    "ai",
    "j'ai",
    "avons",
    "ha",
    "he",
    "hemos",
    "sido",
    "está",
];

/// Words that, shortly before a participle, say that it did not happen, or not yet.
const NEGATIONS: [&str; 48] = [
    "not", "nothing", "no", "never", "cannot", "can't", "can", "could", "will", "would", "won't", "if", "once", "when",
    "until", "hasn't", "haven't", "isn't", "wasn't", "aren't", "unable", "to", "should", "may", "might", "must",
    "shall", "after", "before", "nicht", "kein", "keine", "wird", "werden", "kann", "wenn", "pas", "sera", "peut",
    "si", "aucun", "será", "puede", "ser", "nunca", "nada", "hasn’t", "i'll",
];

/// Which cues a text holds, and how often.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cues([u8; CUES]);

impl Cues {
    /// How often the cue was found.
    pub fn count(&self, cue: Cue) -> u32 {
        u32::from(self.0[cue as usize])
    }

    /// True where it was found at all.
    pub fn has(&self, cue: Cue) -> bool {
        self.0[cue as usize] > 0
    }
}

/// A sentence part that says an act was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The stem a tool that carries it out has in its name; empty where the words name no act ("all done").
    pub act: &'static str,
    /// Byte range in the lower-case text.
    pub at: (usize, usize),
}

enum Meaning {
    Cue(Cue),
    Act(&'static str),
}

struct Listener {
    automaton: AhoCorasick,
    meanings: Vec<Meaning>,
}

static LISTENER: LazyLock<Option<Listener>> = LazyLock::new(|| {
    let mut phrases = Vec::new();
    let mut meanings = Vec::new();
    for (cue, list) in PHRASES {
        for phrase in list {
            phrases.push(*phrase);
            meanings.push(Meaning::Cue(cue));
        }
    }
    for (act, list) in ACTS {
        for phrase in list {
            phrases.push(*phrase);
            meanings.push(Meaning::Act(act));
        }
    }
    let automaton = AhoCorasick::builder().kind(Some(aho_corasick::AhoCorasickKind::DFA)).build(phrases).ok()?;
    Some(Listener { automaton, meanings })
});

/// Lower case with typographic apostrophes made plain, so that "I’ve" and "i've" are one.
pub fn plain_lower(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().flat_map(char::to_lowercase).map(|c| if matches!(c, '’' | '‘' | 'ʼ') { '\'' } else { c }).collect()
}

/// Listens to lower-case text: its cues, and the acts it claims were carried out.
pub fn listen(lower: &str) -> (Cues, Vec<Claim>) {
    let (mut cues, mut claims) = (Cues::default(), Vec::new());
    let Some(listener) = LISTENER.as_ref() else { return (cues, claims) };
    for found in listener.automaton.find_overlapping_iter(lower) {
        let (start, end) = (found.start(), found.end());
        if !is_border(lower, start, end) {
            continue;
        }
        match listener.meanings.get(found.pattern().as_usize()) {
            Some(Meaning::Cue(cue)) => cues.0[*cue as usize] = cues.0[*cue as usize].saturating_add(1),
            Some(Meaning::Act(act)) if happened(lower, start) => claims.push(Claim { act, at: (start, end) }),
            _ => {}
        }
    }
    settle_person(lower, &mut cues);
    (cues, claims)
}

/// "Human!" alone is a request for a person; "I will contact a human agent if needed" is none.
fn settle_person(lower: &str, cues: &mut Cues) {
    let asks = &mut cues.0[Cue::AsksPerson as usize];
    if lower.contains("if needed") || lower.contains("if necessary") {
        *asks = 0;
    } else if *asks == 0 && lower.contains("human") && lower.split_whitespace().count() <= 6 {
        *asks = u8::from(lower.split(|c: char| !c.is_alphanumeric()).any(|word| word == "human"));
    }
}

fn is_border(text: &str, start: usize, end: usize) -> bool {
    let before = text[..start].chars().next_back();
    let after = text[end..].chars().next();
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    !letter(before) && !letter(after)
}

/// True where the participle at `start` stands at the head of a sentence or after an auxiliary, and nothing within the
/// six words before it denies it, puts it into the future, or makes it an attribute ("the updated details").
fn happened(text: &str, start: usize) -> bool {
    const ATTRIBUTIVE: [&str; 12] =
        ["the", "a", "an", "your", "these", "this", "any", "die", "der", "les", "los", "newly"];
    let clause = text[..start].rfind(['.', '!', '?', ';', '\n', '¡', '¿']).map_or(0, |at| at + 1);
    let head = text.get(clause..start).unwrap_or("");
    let words =
        head.split(|c: char| c.is_whitespace() || matches!(c, ',' | ':' | '*' | '"' | '(')).filter(|w| !w.is_empty());
    let last: Vec<&str> = words.rev().take(6).collect();
    let Some(previous) = last.first() else { return true };
    if ATTRIBUTIVE.contains(previous) || last.iter().any(|word| NEGATIONS.contains(word)) {
        return false;
    }
    (*previous == "and" && last.len() <= 2) || last.iter().take(3).any(|word| AUXILIARIES.contains(word))
}

/// The words of lower-case text that carry content: at least four letters or any digit.
pub fn content_words(lower: &str) -> Vec<&str> {
    const EMPTY: [&str; 34] = [
        "that", "this", "with", "have", "your", "from", "would", "like", "please", "could", "what", "need", "help",
        "want", "just", "they", "there", "will", "been", "then", "also", "about", "which", "when", "were", "them",
        "into", "some", "eine", "einen", "nicht", "pour", "avec", "para",
    ];
    let mut words: Vec<&str> = lower
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '#' | '@')))
        .map(|word| word.trim_matches(['-', '_']))
        .filter(|word| word.chars().count() >= 4 || word.bytes().any(|b| b.is_ascii_digit()))
        .filter(|word| !EMPTY.contains(word))
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// Jaccard overlap of two sorted word lists; 0 where both are empty.
pub fn overlap(a: &[&str], b: &[&str]) -> f64 {
    let shared = a.iter().filter(|word| b.binary_search(word).is_ok()).count();
    let all = a.len() + b.len() - shared;
    if all == 0 { 0.0 } else { shared as f64 / all as f64 }
}

/// Tokens that look like an identifier: a digit, at least four characters, and letters or five digits with it.
pub fn identifiers(text: &str) -> Vec<&str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '#')))
        .map(|token| token.trim_matches(['-', '_', '#']))
        .filter(|token| token.len() >= 4 && token.bytes().any(|b| b.is_ascii_digit()))
        .filter(|token| {
            let digits = token.bytes().filter(u8::is_ascii_digit).count();
            let letters = token.bytes().filter(u8::is_ascii_uppercase).count();
            (letters >= 1 && digits >= 2) || digits >= 5 || (token.contains('_') && digits >= 2)
        })
        .filter(|token| !is_date(token))
        .collect()
}

fn is_date(token: &str) -> bool {
    let parts: Vec<&str> = token.split('-').collect();
    parts.len() >= 2
        && parts.iter().all(|part| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()))
}

/// True where a tool's answer says by itself that the call failed.
pub fn says_failure(result: &str) -> bool {
    let text = result.trim_start();
    let begins = |word: &str| text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
    if ["error", "exception", "traceback", "failed", "failure"].iter().any(|word| begins(word)) {
        return true;
    }
    if !text.starts_with('{') || text.len() > 4_096 {
        return false;
    }
    let Ok(serde_json::Value::Object(object)) = serde_json::from_str(text) else { return false };
    let is = |key: &str, value: bool| object.get(key).and_then(serde_json::Value::as_bool) == Some(value);
    let named = object.get("error").is_some_and(|error| match error {
        serde_json::Value::Null | serde_json::Value::Bool(false) => false,
        serde_json::Value::String(text) => !text.is_empty(),
        _ => true,
    });
    let status = ["status", "status_code", "code"].iter().filter_map(|key| object.get(*key)).any(|status| {
        status.as_u64().is_some_and(|code| (400..600).contains(&code))
            || status
                .as_str()
                .is_some_and(|word| ["error", "failed", "failure", "rejected"].contains(&word.to_lowercase().as_str()))
    });
    named || status || is("ok", false) || is("success", false) || is("isError", true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acts(text: &str) -> Vec<&'static str> {
        listen(&plain_lower(text)).1.iter().map(|claim| claim.act).collect()
    }

    #[test]
    fn the_phrase_lists_build_and_sit_at_their_cue() {
        assert!(LISTENER.is_some());
        assert!(PHRASES.iter().enumerate().all(|(at, (cue, _))| *cue as usize == at));
    }

    #[test]
    fn claims_are_told_from_offers_and_denials() {
        assert_eq!(acts("All done! Your refund of $231.00 has been processed."), ["", ""]);
        assert_eq!(acts("I’ve refunded the jacket in full."), ["refund"]);
        assert_eq!(acts("Cancelled and refunded."), ["cancel", "refund"]);
        assert_eq!(acts("Nothing has been refunded yet."), [""; 0]);
        assert_eq!(acts("It has already shipped, so it cannot be cancelled; it can be returned."), [""; 0]);
        assert_eq!(acts("Your reservation will be cancelled once you confirm."), [""; 0]);
        assert_eq!(acts("Here are the updated details. Once an order has been cancelled, it is gone."), [""; 0]);
        assert_eq!(acts("Die Bestellung wurde storniert."), ["cancel"]);
        assert_eq!(acts("C'est fait. 🎒"), [""]);
        assert_eq!(acts("El pedido ha sido cancelado."), ["cancel"]);
    }

    #[test]
    fn cues_need_word_borders() {
        let (cues, _) = listen(&plain_lower("Yesterday I confirmed nothing; Oui !"));
        assert_eq!(cues.count(Cue::Consent), 2);
        assert!(listen("human please").0.has(Cue::AsksPerson));
        assert!(listen("human. third time asking.").0.has(Cue::AsksPerson));
        assert!(!listen("i'll contact a human agent if needed").0.has(Cue::AsksPerson));
        assert!(!listen("humanity").0.has(Cue::AsksPerson));
    }

    #[test]
    fn identifiers_are_seen_and_dates_are_not() {
        assert_eq!(
            identifiers("order LF-48110, #W6247578, on 2024-05-20 at 5-7 days: R-8110"),
            ["LF-48110", "W6247578", "R-8110"]
        );
        assert!(identifiers("the 100% is $231.00").is_empty());
    }

    #[test]
    fn results_that_say_failure() {
        for text in ["Error: no such order", r#"{"error": "x"}"#, r#"{"ok": false}"#, r#"{"status": 500}"#] {
            assert!(says_failure(text), "{text}");
        }
        for text in [r#"{"ok": true}"#, r#"{"error": null}"#, r#"{"status": "submitted"}"#, "", "no errors"] {
            assert!(!says_failure(text), "{text}");
        }
    }
}
