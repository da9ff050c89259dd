//! What a judge outside the program answers, line by line, and the scores that come of it.
//!
//! Invariant: an answer only ever speaks about a conversation that it names, and points only at steps that are there;
//! what does not fit is told in words, never guessed.

use serde::Deserialize;
use serde_json::Value;

use crate::model::conversation::Conversation;
use crate::model::id::SpanRef;
use crate::model::score::{Score, ScoreTarget};

/// One line of a judge, understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The conversation it is about, as asked.
    pub conversation: String,
    /// What it says.
    pub scores: Vec<Said>,
    /// True where nothing more will come about this conversation.
    pub done: bool,
    /// Why the judge could not judge it.
    pub error: Option<String>,
}

/// One score as a judge says it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Said {
    /// The evaluator's name.
    pub evaluator: Option<String>,
    /// Its version: a text or a number.
    pub version: Option<Value>,
    /// How the judge came by it; the judge's own name unless said.
    pub source: Option<String>,
    /// A number, or true and false.
    pub value: Option<Value>,
    /// In a word.
    pub label: Option<String>,
    /// Pass or fail, where the judge says so.
    pub passed: Option<bool>,
    /// How sure it is.
    pub confidence: Option<f64>,
    /// Why.
    pub explanation: Option<String>,
    /// The step it is about; without one and without a span it is about the conversation.
    pub step: Option<u32>,
    /// The span it is about.
    pub span_id: Option<String>,
    /// Numbers of steps, or span ids.
    pub evidence: Vec<Value>,
}

#[derive(Deserialize)]
struct Line {
    conversation: Option<String>,
    #[serde(default)]
    done: bool,
    error: Option<String>,
    scores: Option<Vec<Said>>,
    #[serde(flatten)]
    said: Said,
}

impl Answer {
    /// Reads one line.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(line: &str) -> Result<Self, String> {
        let line: Line = serde_json::from_str(line).map_err(|error| format!("no answer: {error}"))?;
        let conversation = line.conversation.ok_or("an answer without \"conversation\", the id from the question")?;
        let closes = line.done || line.error.is_some() || line.scores.is_some();
        let mut scores = line.scores.unwrap_or_default();
        if line.said.evaluator.is_some() {
            scores.push(line.said);
        } else if !closes {
            return Err("an answer with neither \"evaluator\", \"scores\", \"done\" nor \"error\"".to_owned());
        }
        Ok(Self { conversation, scores, done: closes, error: line.error })
    }
}

impl Said {
    /// The score of a conversation; `judge` is the name the judge goes by.
    ///
    /// # Errors
    /// What does not fit, in words.
    pub fn score(self, conversation: &Conversation, judge: &str) -> Result<Score, String> {
        let Some(evaluator) = self.evaluator.filter(|name| !name.trim().is_empty()) else {
            return Err("a score without \"evaluator\"".to_owned());
        };
        let value = match &self.value {
            None | Some(Value::Null) => None,
            Some(Value::Bool(flag)) => Some(f64::from(u8::from(*flag))),
            Some(Value::Number(number)) => number.as_f64(),
            Some(other) => return Err(format!("{evaluator}: {other} is no value; a number, true or false is one")),
        };
        let target = match (self.step, self.span_id.as_deref()) {
            (None, None) => ScoreTarget::Conversation,
            (Some(step), _) => ScoreTarget::Span(spot(conversation, &step.to_string())?),
            (None, Some(span)) => ScoreTarget::Span(spot(conversation, span)?),
        };
        let evidence = self.evidence.iter().map(|place| match place {
            Value::String(span) => spot(conversation, span),
            number => spot(conversation, &number.to_string()),
        });
        let evidence: Vec<SpanRef> = evidence.collect::<Result<_, _>>()?;
        let version = self.version.map(|version| match version {
            Value::String(text) => text.into(),
            other => other.to_string().into(),
        });
        Ok(Score {
            target,
            evaluator: evaluator.into(),
            version,
            source: self.source.unwrap_or_else(|| judge.to_owned()).into(),
            value,
            label: self.label.map(Into::into),
            passed: self.passed,
            confidence: self.confidence.filter(|confidence| confidence.is_finite()),
            explanation: self.explanation.map(Into::into),
            evidence,
        })
    }
}

/// That a judge did not come to an end, as a score: nobody should take its silence for agreement.
pub fn silence(judge: &str, failure: &str) -> Score {
    Score {
        target: ScoreTarget::Conversation,
        evaluator: judge.into(),
        version: None,
        source: judge.to_owned().into(),
        value: None,
        label: None,
        passed: None,
        confidence: None,
        explanation: Some(format!("cannot tell: {failure}").into()),
        evidence: Vec::new(),
    }
}

/// The span of a step, by its number or any span id of the conversation.
fn spot(conversation: &Conversation, text: &str) -> Result<SpanRef, String> {
    let wanted = text.to_ascii_lowercase();
    if let Some(span) = conversation.spans.iter().find(|span| span.id.span_id == wanted) {
        return Ok(span.id.clone());
    }
    let step = conversation.find_step(text).ok_or_else(|| format!("there is no step or span {text}"))?;
    step.span.clone().or_else(|| step.decision.clone()).ok_or_else(|| format!("step {text} has no span"))
}

#[cfg(test)]
mod tests {
    use super::super::policy::example;
    use super::*;

    fn score(line: &str) -> Result<Score, String> {
        let conversation = example("customer: hi\nagent: hello").unwrap();
        let mut answer = Answer::parse(line)?;
        answer.scores.pop().ok_or("no score")?.score(&conversation, "judge")
    }

    #[test]
    fn a_score_line_gives_a_score_with_its_place() {
        let one = score(
            r#"{"conversation": "c", "evaluator": "Tone", "version": 2, "value": 0.25, "step": 2, "evidence": [1, 2]}"#,
        )
        .unwrap();
        assert_eq!((one.value, one.source.as_ref(), one.evidence.len()), (Some(0.25), "judge", 2));
        assert_eq!(one.target, ScoreTarget::Span(one.evidence[1].clone()));
        assert_eq!(one.version.unwrap().exact(), "2");
        let one = score(r#"{"conversation": "c", "scores": [{"evaluator": "Tone", "value": true}]}"#).unwrap();
        assert_eq!((one.value, one.target), (Some(1.0), ScoreTarget::Conversation));
    }

    #[test]
    fn lines_close_by_done_error_or_a_whole_list() {
        let done = |line| Answer::parse(line).unwrap().done;
        assert!(!done(r#"{"conversation": "c", "evaluator": "Tone", "value": 1}"#));
        assert!(done(r#"{"conversation": "c", "evaluator": "Tone", "value": 1, "done": true}"#));
        assert!(done(r#"{"conversation": "c", "scores": []}"#));
        assert_eq!(
            Answer::parse(r#"{"conversation": "c", "error": "no key"}"#).unwrap().error.as_deref(),
            Some("no key")
        );
    }

    #[test]
    fn what_does_not_fit_is_told() {
        for (line, told) in [
            ("{\"conversation\": \"c\", \"evaluator\": \"T\", \"val", "no answer"),
            ("{\"evaluator\": \"T\", \"value\": 1}", "without \"conversation\""),
            ("{\"conversation\": \"c\"}", "neither"),
            ("{\"conversation\": \"c\", \"evaluator\": \"T\", \"value\": \"good\"}", "no value"),
            ("{\"conversation\": \"c\", \"evaluator\": \"T\", \"value\": NaN}", "no answer"),
            ("{\"conversation\": \"c\", \"evaluator\": \"T\", \"value\": 1, \"step\": 9}", "no step or span 9"),
            ("{\"conversation\": \"c\", \"scores\": [{\"value\": 1}]}", "without \"evaluator\""),
        ] {
            let error = score(line).unwrap_err();
            assert!(error.contains(told), "{line}: {error}");
        }
    }
}
