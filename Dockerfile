# One image for every role: `docker compose` says with --only what a container does.

FROM python:3.11-slim-bookworm AS build
WORKDIR /build
RUN python -m venv /opt/passerelle
COPY pyproject.toml README.md LICENSE ./
COPY normalizer normalizer
COPY connectors connectors
COPY gateway gateway
COPY agent_api agent_api
RUN /opt/passerelle/bin/pip install --no-cache-dir ".[otel]"

FROM python:3.11-slim-bookworm
# A number and not a name, so that Kubernetes' runAsNonRoot can see that it is not root.
RUN groupadd --gid 10001 passerelle \
    && useradd --uid 10001 --gid 10001 --home-dir /srv/passerelle --no-create-home --shell /usr/sbin/nologin passerelle \
    # a volume takes the owner of the folder that it is first mounted on
    && install -d -o 10001 -g 10001 -m 0700 /srv/passerelle /srv/passerelle/data /srv/passerelle/media
COPY --from=build /opt/passerelle /opt/passerelle
ENV PATH=/opt/passerelle/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /srv/passerelle
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["passerelle"]
CMD ["serve", "--config", "/srv/passerelle/passerelle.yaml"]
