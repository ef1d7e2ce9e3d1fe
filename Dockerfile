# python:3.13.15-slim-bookworm by digest: change the version and the digest together (docs/image.md).
# It is named here only, so that "buildah build --from" can put another image in its place.
FROM docker.io/library/python:3.13.15-slim-bookworm@sha256:ed86c82274b3c69b52fb5820f358f0bd7df0b603332063cb5c6e32bd220c3e6e AS base


FROM base AS builder

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_NO_COMPILE=1 \
    PIP_ONLY_BINARY=:all: \
    PIP_ROOT_USER_ACTION=ignore

WORKDIR /src

# The locked dependencies come first, so that a change of code or content does not install them again.
COPY requirements.lock requirements-build.lock ./
RUN python -m venv --without-pip /opt/advisor \
    && python -m pip --python /opt/advisor/bin/python install --require-hashes -r requirements.lock \
    && python -m venv --without-pip /opt/build \
    && python -m pip --python /opt/build/bin/python install --require-hashes -r requirements-build.lock

COPY pyproject.toml README.md LICENSE NOTICE ./
COPY cds_service cds_service
COPY cards cards
# Compiled here, since nobody can write the bytecode later. It is not checked against the sources: they
# do not change, and their times do when an image is built for a given time.
RUN python -m pip --python /opt/build/bin/python wheel --no-deps --no-build-isolation --wheel-dir /dist . \
    && python -m pip --python /opt/advisor/bin/python install --no-deps --no-index /dist/*.whl \
    && python -m compileall -q --invalidation-mode unchecked-hash /opt/advisor/lib


FROM base

LABEL org.opencontainers.image.title="imaging-order-advisor" \
      org.opencontainers.image.description="A CDS Hooks service that advises on imaging orders" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.vendor="the imaging-order advisor authors" \
      org.opencontainers.image.version="0.1.0"

# Nothing can be installed into the running image, and nobody in it can become another user. The base
# comes without the bytecode of the standard library, which each start would have to make again.
RUN python -m pip uninstall --yes --quiet --root-user-action=ignore pip \
    && rm -rf /usr/local/bin/idle* /usr/local/lib/python3.*/ensurepip \
        /usr/local/lib/python3.*/idlelib /usr/local/lib/python3.*/turtledemo \
    && python -m compileall -q --invalidation-mode unchecked-hash /usr/local/lib/python3.* \
    && groupadd --system --gid 10001 advisor \
    && useradd --system --uid 10001 --gid advisor --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin advisor \
    && install -d -o 10001 -g 10001 -m 0700 /var/lib/imaging-order-advisor \
    && install -d -m 0755 /etc/imaging-order-advisor \
    && find / -xdev -type f -perm /6000 -exec chmod a-s {} + \
    && rm -rf /root/.cache /tmp/* /var/log/* /var/cache/*

COPY --from=builder /opt/advisor /opt/advisor

ENV PATH="/opt/advisor/bin:${PATH}" \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CDS_HOST=0.0.0.0 \
    CDS_CLIENTS_FILE=/etc/imaging-order-advisor/clients.yaml \
    CDS_JOURNAL_DIR=/var/lib/imaging-order-advisor

# The journal, its spool and its key; mount the clients file and set CDS_BASE_URL to run. A site file
# is mounted beside the clients file and named in CDS_SITE_FILE.
VOLUME ["/var/lib/imaging-order-advisor"]

# By number, so that an orchestrator can see that it is not root. Nothing is written to the
# image's file system: it runs with a read-only root.
USER 10001:10001
WORKDIR /
EXPOSE 8000

# Asks where CDS_HOST and CDS_PORT say; by its module, which starts faster than the whole command line.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-m", "cds_service.cli.health"]

ENTRYPOINT ["imaging-advisor"]
CMD ["serve"]
