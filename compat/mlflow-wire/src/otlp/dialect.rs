//! What other conventions than MLflow's call the same things. MLflow's own attributes are made of them where they are
//! missing.
//!
//! Source: `tracing/otel/translation` of MLflow 3.17.2, whose order this keeps. Left out are what needs a whole span
//! turned round for one program: those of Claude Code, Gemini CLI and Spring AI, and Vercel's chat messages.

use trackside_core::Token;

use super::any::Any;

/// Kinds of spans by the names that a convention has for them.
type Kinds = &'static [(&'static str, &'static str)];

/// A convention: in which attributes it puts what. Of several the first that says something counts.
struct Dialect {
    /// Attributes with the kind, and what they say.
    kind: &'static [&'static str],
    kinds: Kinds,
    inputs: &'static [&'static str],
    outputs: &'static [&'static str],
    tokens: &'static [(Token, &'static [&'static str])],
    models: &'static [&'static str],
    providers: &'static [&'static str],
    tools: &'static [&'static str],
    /// What tells that the format of messages is this one's.
    format: &'static [&'static str],
    format_name: &'static str,
}

const NONE: Dialect = Dialect {
    kind: &[],
    kinds: &[],
    inputs: &[],
    outputs: &[],
    tokens: &[],
    models: &[],
    providers: &[],
    tools: &[],
    format: &[],
    format_name: "",
};

const GEN_AI_KINDS: Kinds = &[
    ("chat", "CHAT_MODEL"),
    ("create_agent", "AGENT"),
    ("embeddings", "EMBEDDING"),
    ("execute_tool", "TOOL"),
    ("generate_content", "LLM"),
    ("invoke_agent", "AGENT"),
    ("text_completion", "LLM"),
    ("response", "LLM"),
];

const DIALECTS: [Dialect; 9] = [
    // OpenInference
    Dialect {
        kind: &["openinference.span.kind"],
        kinds: &[
            ("TOOL", "TOOL"),
            ("CHAIN", "CHAIN"),
            ("LLM", "LLM"),
            ("RETRIEVER", "RETRIEVER"),
            ("EMBEDDING", "EMBEDDING"),
            ("AGENT", "AGENT"),
            ("RERANKER", "RERANKER"),
            ("UNKNOWN", "UNKNOWN"),
            ("GUARDRAIL", "GUARDRAIL"),
            ("EVALUATOR", "EVALUATOR"),
        ],
        inputs: &["input.value"],
        outputs: &["output.value"],
        tokens: &[
            (Token::Input, &["llm.token_count.prompt"]),
            (Token::Output, &["llm.token_count.completion"]),
            (Token::Total, &["llm.token_count.total"]),
            (Token::CacheRead, &["llm.token_count.prompt_details.cache_read"]),
            (Token::CacheCreation, &["llm.token_count.prompt_details.cache_write"]),
        ],
        models: &["llm.response.model_name", "llm.model_name", "llm.request.model_name", "embedding.model_name"],
        providers: &["llm.provider"],
        ..NONE
    },
    // OpenTelemetry's own for generative models
    Dialect {
        kind: &["gen_ai.operation.name"],
        kinds: GEN_AI_KINDS,
        inputs: &["gen_ai.input.messages", "gen_ai.tool.call.arguments"],
        outputs: &["gen_ai.output.messages", "gen_ai.tool.call.result"],
        tokens: &[
            (Token::Input, &["gen_ai.usage.input_tokens"]),
            (Token::Output, &["gen_ai.usage.output_tokens"]),
            (Token::CacheRead, &["gen_ai.usage.cache_read.input_tokens"]),
            (
                Token::CacheCreation,
                &["gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation.input_tokens"],
            ),
        ],
        models: &["gen_ai.response.model", "gen_ai.request.model"],
        providers: &["gen_ai.provider.name"],
        tools: &["gen_ai.tool.definitions"],
        ..NONE
    },
    // Traceloop
    Dialect {
        kind: &["traceloop.span.kind"],
        kinds: &[
            ("workflow", "WORKFLOW"),
            ("task", "TASK"),
            ("agent", "AGENT"),
            ("tool", "TOOL"),
            ("unknown", "UNKNOWN"),
        ],
        inputs: &["traceloop.entity.input"],
        outputs: &["traceloop.entity.output"],
        tokens: &[
            (Token::Input, &["gen_ai.usage.prompt_tokens"]),
            (Token::Output, &["gen_ai.usage.completion_tokens"]),
            (Token::Total, &["llm.usage.total_tokens"]),
        ],
        providers: &["gen_ai.system"],
        ..NONE
    },
    // Google's agents
    Dialect {
        inputs: &["gcp.vertex.agent.llm_request", "gcp.vertex.agent.tool_call_args"],
        outputs: &["gcp.vertex.agent.llm_response", "gcp.vertex.agent.tool_response"],
        ..NONE
    },
    // Vercel
    Dialect {
        kind: &["ai.operationId"],
        kinds: &[
            ("ai.generateText", "LLM"),
            ("ai.generateText.doGenerate", "LLM"),
            ("ai.toolCall", "TOOL"),
            ("ai.streamText", "LLM"),
            ("ai.streamText.doStream", "LLM"),
            ("ai.generateObject", "LLM"),
            ("ai.generateObject.doGenerate", "LLM"),
            ("ai.streamObject", "LLM"),
            ("ai.streamObject.doStream", "LLM"),
            ("ai.embed", "EMBEDDING"),
            ("ai.embed.doEmbed", "EMBEDDING"),
            ("ai.embedMany", "EMBEDDING"),
        ],
        inputs: &["ai.prompt", "ai.toolCall.args", "ai.value", "ai.values"],
        outputs: &["ai.response.text", "ai.toolCall.result", "ai.response.object", "ai.embedding", "ai.embeddings"],
        ..NONE
    },
    // VoltAgent
    Dialect {
        kind: &["span.type", "entity.type"],
        kinds: &[("agent", "AGENT"), ("llm", "LLM"), ("tool", "TOOL"), ("memory", "MEMORY")],
        inputs: &["agent.messages", "llm.messages", "input"],
        outputs: &["output"],
        tokens: &[
            (Token::Input, &["usage.prompt_tokens", "llm.usage.prompt_tokens"]),
            (Token::Output, &["usage.completion_tokens", "llm.usage.completion_tokens"]),
            (Token::Total, &["usage.total_tokens", "llm.usage.total_tokens"]),
        ],
        format: &["voltagent.operation_id", "voltagent.conversation_id"],
        format_name: "voltagent",
        ..NONE
    },
    // LiveKit
    Dialect {
        inputs: &["lk.user_input", "lk.user_transcript", "lk.chat_ctx", "lk.input_text"],
        outputs: &["lk.response.text", "lk.response.function_calls"],
        format: &["lk.agent_name", "lk.room_name", "lk.job_id", "lk.participant_identity"],
        format_name: "livekit",
        ..NONE
    },
    // Laminar
    Dialect {
        kind: &["lmnr.span.type"],
        kinds: &[
            ("LLM", "LLM"),
            ("TOOL", "TOOL"),
            ("DEFAULT", "CHAIN"),
            ("PIPELINE", "CHAIN"),
            ("EXECUTOR", "AGENT"),
            ("EVALUATOR", "EVALUATOR"),
            ("HUMAN_EVALUATOR", "EVALUATOR"),
            ("EVALUATION", "EVALUATOR"),
            ("CACHED", "LLM"),
        ],
        inputs: &["lmnr.span.input"],
        outputs: &["lmnr.span.output"],
        providers: &["gen_ai.system"],
        format: &["lmnr.span.type"],
        format_name: "openai",
        ..NONE
    },
    // Langfuse
    Dialect {
        kind: &["langfuse.observation.type"],
        kinds: &[
            ("generation", "LLM"),
            ("embedding", "EMBEDDING"),
            ("tool", "TOOL"),
            ("retriever", "RETRIEVER"),
            ("agent", "AGENT"),
            ("chain", "CHAIN"),
            ("evaluator", "EVALUATOR"),
            ("guardrail", "GUARDRAIL"),
            ("span", "UNKNOWN"),
        ],
        inputs: &["langfuse.observation.input"],
        outputs: &["langfuse.observation.output"],
        ..NONE
    },
];

/// Attributes of a span: dumped values by key.
type Attributes = [(String, String)];

fn get<'a>(attributes: &'a Attributes, key: &str) -> Option<&'a str> {
    attributes.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
}

/// The first of these that says something.
fn said<'a>(attributes: &'a Attributes, keys: &[&str]) -> Option<&'a str> {
    let says = |value: &&str| Any::parse(value).is_none_or(|value| !value.is_empty());
    keys.iter().find_map(|key| get(attributes, key).filter(says))
}

/// What a dumped text says, or anything else as it is.
fn plain(value: &str) -> Option<String> {
    match Any::parse(value) {
        Some(Any::Text(text)) => Some(text),
        Some(_) => None,
        None => Some(value.to_owned()),
    }
}

/// The kind of the span.
pub(super) fn kind(attributes: &Attributes) -> Option<&'static str> {
    DIALECTS.iter().find_map(|dialect| {
        dialect.kind.iter().find_map(|key| {
            let kind = plain(get(attributes, key)?)?;
            dialect.kinds.iter().find(|(known, _)| *known == kind).map(|(_, kind)| *kind)
        })
    })
}

/// What went in, dumped.
pub(super) fn inputs(attributes: &Attributes) -> Option<String> {
    DIALECTS.iter().find_map(|dialect| said(attributes, dialect.inputs)).map(str::to_owned)
}

/// What came out, dumped.
pub(super) fn outputs(attributes: &Attributes) -> Option<String> {
    DIALECTS.iter().find_map(|dialect| said(attributes, dialect.outputs)).map(str::to_owned)
}

/// What was offered to the model, dumped.
pub(super) fn tools(attributes: &Attributes) -> Option<String> {
    DIALECTS.iter().find_map(|dialect| said(attributes, dialect.tools)).map(str::to_owned)
}

/// The model asked, or the one that inputs or outputs name.
pub(super) fn model(attributes: &Attributes) -> Option<String> {
    let named = DIALECTS.iter().find_map(|dialect| plain(said(attributes, dialect.models)?));
    named.or_else(|| {
        ["mlflow.spanInputs", "mlflow.spanOutputs"].iter().find_map(|key| {
            let value = Any::parse(get(attributes, key)?)?;
            value.get("model")?.as_text().filter(|model| !model.is_empty()).map(str::to_owned)
        })
    })
}

/// Whose model that is.
pub(super) fn provider(attributes: &Attributes) -> Option<String> {
    DIALECTS.iter().find_map(|dialect| plain(said(attributes, dialect.providers)?))
}

/// How messages are to be read.
pub(super) fn format(attributes: &Attributes) -> Option<&'static str> {
    let speaks = |dialect: &&Dialect| dialect.format.iter().any(|key| get(attributes, key).is_some());
    DIALECTS.iter().find(speaks).map(|dialect| dialect.format_name)
}

/// Tokens, by kind: of the first dialect that has any.
pub(super) fn tokens(attributes: &Attributes) -> Option<[Option<i64>; Token::ALL.len()]> {
    DIALECTS.iter().find_map(|dialect| {
        let mut tokens = [None; Token::ALL.len()];
        for (token, keys) in dialect.tokens {
            tokens[token.index()] = keys.iter().find_map(|key| count(get(attributes, key)?));
        }
        let [input, output, total, ..] = &mut tokens;
        if total.is_none()
            && let (Some(input), Some(output)) = (*input, *output)
        {
            *total = Some(input.saturating_add(output));
        }
        tokens[..3].iter().any(Option::is_some).then_some(tokens)
    })
}

fn count(value: &str) -> Option<i64> {
    match Any::parse(value)? {
        Any::Int(number) => Some(number),
        Any::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_first_dialect_that_says_something_counts() {
        let said = attributes(&[
            ("input.value", "\"\""),
            ("gen_ai.input.messages", "[1]"),
            ("gen_ai.operation.name", "\"chat\""),
            ("gen_ai.request.model", "\"m\""),
            ("gen_ai.usage.input_tokens", "\"7\""),
            ("gen_ai.usage.output_tokens", "3"),
            ("langfuse.observation.type", "\"tool\""),
        ]);
        assert_eq!((kind(&said), inputs(&said).as_deref()), (Some("CHAT_MODEL"), Some("[1]")));
        assert_eq!(model(&said).as_deref(), Some("m"));
        assert_eq!(tokens(&said).unwrap()[..3], [Some(7), Some(3), Some(10)]);
        assert_eq!((outputs(&said), provider(&said), format(&said)), (None, None, None));
    }

    #[test]
    fn a_model_may_be_named_by_what_went_in() {
        assert_eq!(model(&attributes(&[("mlflow.spanInputs", r#"{"model": "m"}"#)])).as_deref(), Some("m"));
        assert_eq!(model(&attributes(&[("mlflow.spanInputs", r#"{"model": 5}"#)])), None);
    }
}
