# syntax=docker/dockerfile:1
# Stages: build (compiler, locked dependencies) -> runtime (what serves) and, beside it, load (locust and all other extras).
# Apart from them mlflow, for those who track runs: the server's own image with a folder that its user may write to.

FROM python:3.12-slim-trixie AS build
# LightFM compiled with its own flags (-march=native) dies with SIGILL on another processor.
ENV LIGHTFM_NO_CFLAGS=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /src
COPY requirements/runtime.txt requirements/
RUN pip install --require-hashes -r requirements/runtime.txt
COPY pyproject.toml README.md ./
COPY data data
COPY models models
COPY services services
COPY loadtests loadtests
RUN pip install --no-deps .

FROM build AS build-load
COPY requirements/dev.txt requirements/
RUN pip install --require-hashes -r requirements/dev.txt

FROM python:3.12-slim-trixie AS base
# libgomp: LightFM's OpenMP. The home exists and belongs to the user, so that a fresh volume does too.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 tablestakes \
    && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin tablestakes \
    && install --directory --owner 10001 --group 10001 --mode 0750 /var/lib/tablestakes /reports /backups
# One BLAS thread a process: processes are the unit that is scaled.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    OPENBLAS_NUM_THREADS=1 \
    OMP_NUM_THREADS=1 \
    TABLESTAKES_HOME=/var/lib/tablestakes
WORKDIR /var/lib/tablestakes

FROM base AS load
COPY --from=build-load /opt/venv /opt/venv
USER 10001:10001
VOLUME /reports
CMD ["python", "-m", "loadtests.run", "--out", "/reports"]

FROM ghcr.io/mlflow/mlflow:v3.17.2 AS mlflow
RUN install --directory --owner 10001 --group 10001 --mode 0750 /var/lib/mlflow
USER 10001:10001
VOLUME /var/lib/mlflow
CMD ["mlflow", "server", "--host", "0.0.0.0", "--port", "5000"]

FROM base AS runtime
# pg_dump and pg_restore for `tablestakes backup`, of the server's version in docker-compose.yml.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client-17 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/venv /opt/venv
USER 10001:10001
VOLUME /var/lib/tablestakes
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/ready', timeout=2)"]
CMD ["tablestakes", "serve", "--host", "0.0.0.0", "--port", "8000"]
