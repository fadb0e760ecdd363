# The service without a database of its own. Two stages: what builds stays behind.
FROM python:3.11-slim-bookworm AS build

WORKDIR /source
COPY requirements/ requirements/
RUN python -m venv /opt/geoservice \
    && /opt/geoservice/bin/pip install --no-cache-dir --require-hashes --requirement requirements/run.lock

# Python's headers are in the image; a compiler is not.
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
COPY setup.cfg setup.py pyproject.toml README.md ./
COPY geoservice/ geoservice/
COPY layers/ layers/
COPY migrations/ migrations/
COPY tilegen/ tilegen/
# The pages' scripts and styles are built from locked npm packages and become part of the installed package.
RUN /opt/geoservice/bin/python -m geoservice.maps.assets build \
    && /opt/geoservice/bin/pip install --no-cache-dir --no-deps --no-build-isolation .
# Elsewhere the compiled kernel is optional; an image without it would be slow for no reason.
RUN cd / && /opt/geoservice/bin/python -c \
    "from geoservice.engine.engines import engine_for; print(engine_for()); assert engine_for().name == 'compiled'"


FROM python:3.11-slim-bookworm

RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/geoservice geoservice
COPY --from=build /opt/geoservice /opt/geoservice
ENV PATH=/opt/geoservice/bin:$PATH \
    GEOSERVICE_HOST=0.0.0.0 \
    GEOSERVICE_DATA_DIR=/var/lib/geoservice
USER geoservice
WORKDIR /var/lib/geoservice
EXPOSE 8080 8081
# `up` brings the schema up to date and keeps the servers alive; as process 1 it also collects orphans.
CMD ["geoservice", "up"]
