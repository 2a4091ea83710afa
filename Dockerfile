# The server for hosts of OpenEnv: one static binary and nothing beside it.
#   docker build -t incident-bench .
#   docker run --rm --read-only --cap-drop ALL -p 8000:8000 incident-bench
ARG RUST=1.95

FROM rust:${RUST}-bookworm AS build
# For musl, so that the binary needs no library. `ring` compiles C and assembly: that is what musl-gcc is for.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates musl-tools \
    && rustup target add "$(uname -m)-unknown-linux-musl"
WORKDIR /src
COPY . .
RUN target="$(uname -m)-unknown-linux-musl" \
    && cargo build --profile dist --locked --bin bench --target "$target" \
    && cp "target/$target/dist/bench" /bench

FROM scratch
# For calls to models; the environment itself opens no connection.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /bench /bench
USER 65532:65532
EXPOSE 8000
ENTRYPOINT ["/bench"]
CMD ["serve", "--openenv", "--host", "0.0.0.0"]
