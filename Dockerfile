# syntax=docker/dockerfile:1
# Stages: build (compiler, locked dependencies) -> runtime (what serves) and, beside it, load (locust).

FROM python:3.12-slim AS build
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

FROM python:3.12-slim AS base
# libgomp: LightFM's OpenMP. The home exists and belongs to the user, so that a fresh volume does too.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 tablestakes \
    && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin tablestakes \
    && install --directory --owner 10001 --group 10001 --mode 0750 /var/lib/tablestakes /reports
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

FROM base AS runtime
COPY --from=build /opt/venv /opt/venv
USER 10001:10001
VOLUME /var/lib/tablestakes
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/ready', timeout=2)"]
CMD ["tablestakes", "serve", "--host", "0.0.0.0", "--port", "8000"]
