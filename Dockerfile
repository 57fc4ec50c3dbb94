FROM python:3.13-slim AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/holdfast
COPY requirements.lock .
RUN /opt/holdfast/bin/pip install --require-hashes --no-deps -r requirements.lock

FROM python:3.13-slim
ENV PATH=/opt/holdfast/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DJANGO_SETTINGS_MODULE=crm.config.settings
RUN useradd --system --uid 10001 --home-dir /app holdfast
WORKDIR /app
COPY --from=packages /opt/holdfast /opt/holdfast
COPY manage.py LICENSE ./
COPY crm crm
COPY retention retention
COPY templates templates
COPY static static
# From here on pages name the collected files, whose names change with their content.
ENV STATIC_COLLECTED=1
RUN python manage.py collectstatic --noinput
# Compiled here once, since no process of a container writes what it compiles; the packages' own pip has compiled.
RUN python -m compileall -q crm retention
# The volume of files takes over who owns this folder.
RUN install --directory --owner holdfast --mode 700 /files
USER holdfast
EXPOSE 8000
# Threads, since pages wait for Postgres; no preload, since a pool does not survive a fork.
CMD ["gunicorn", "crm.config.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "8", "--timeout", "60", \
     "--graceful-timeout", "30", "--max-requests", "5000", "--max-requests-jitter", "500", "--worker-tmp-dir", "/dev/shm"]
