//! The libraries that record spans: each technology has its own, and for calls one for each technology that it calls.

/// What a span is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Served,
    Request,
    Store,
    Cache,
    Queue,
    Work,
}

/// Returns the library that records the spans of a technology. `other` is the technology of the other end of a call.
pub(super) fn scope_of(technology: &str, target: Target, other: &str) -> &'static str {
    match (technology, target, other) {
        ("go", Target::Served | Target::Request, _) => "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp",
        ("go", Target::Store, _) => "github.com/XSAM/otelsql",
        ("go", Target::Cache, "memcached") => {
            "go.opentelemetry.io/contrib/instrumentation/github.com/bradfitz/gomemcache/memcache/otelmemcache"
        }
        ("go", Target::Cache, _) => "github.com/redis/go-redis/extra/redisotel",
        ("go", _, _) => "internal/telemetry",
        ("java", Target::Served, _) => "io.opentelemetry.tomcat-10.0",
        ("java", Target::Request, _) => "io.opentelemetry.apache-httpclient-5.0",
        ("java", Target::Store, _) => "io.opentelemetry.jdbc",
        ("java", Target::Cache, "memcached") => "io.opentelemetry.spymemcached-2.12",
        ("java", Target::Cache, _) => "io.opentelemetry.lettuce-5.1",
        ("java", Target::Queue, "rabbitmq") => "io.opentelemetry.rabbitmq-2.7",
        ("java", Target::Queue, _) => "io.opentelemetry.kafka-clients-0.11",
        ("java", Target::Work, _) => "io.opentelemetry.spring-scheduling-3.1",
        ("python", Target::Served, _) => "opentelemetry.instrumentation.asgi",
        ("python", Target::Request, _) => "opentelemetry.instrumentation.requests",
        ("python", Target::Store, _) => "opentelemetry.instrumentation.sqlalchemy",
        ("python", Target::Cache, "memcached") => "opentelemetry.instrumentation.pymemcache",
        ("python", Target::Cache, _) => "opentelemetry.instrumentation.redis",
        ("python", Target::Queue, "kafka") => "opentelemetry.instrumentation.confluent_kafka",
        ("python", Target::Queue, _) => "opentelemetry.instrumentation.celery",
        ("python", Target::Work, _) => "app.jobs",
        ("nodejs", Target::Served | Target::Request, _) => "@opentelemetry/instrumentation-http",
        ("nodejs", Target::Store, "mysql") => "@opentelemetry/instrumentation-mysql2",
        ("nodejs", Target::Store, _) => "@opentelemetry/instrumentation-pg",
        ("nodejs", Target::Cache, "memcached") => "@opentelemetry/instrumentation-memcached",
        ("nodejs", Target::Cache, _) => "@opentelemetry/instrumentation-ioredis",
        ("nodejs", Target::Queue, "kafka") => "@opentelemetry/instrumentation-kafkajs",
        ("nodejs", Target::Queue, _) => "@opentelemetry/instrumentation-amqplib",
        ("nodejs", Target::Work, _) => "app/jobs",
        ("nginx", _, _) => "nginx",
        _ => "envoy",
    }
}

/// Returns the language of the library that a technology records spans with.
pub(super) fn language(technology: &str) -> &'static str {
    match technology {
        "go" => "go",
        "java" => "java",
        "python" => "python",
        "nodejs" => "nodejs",
        _ => "cpp",
    }
}
