# One image for web, worker, beat, relay and migrate; compose.yaml shows each command.
FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /opt/venv
COPY requirements/base.txt requirements/base.txt
RUN /opt/venv/bin/pip install --require-hashes --only-binary=:all: --requirement requirements/base.txt

FROM python:3.11-slim-bookworm
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 OBOLE_ENV=production DATA_DIR=/srv/obole/data
RUN useradd --system --uid 10001 --home-dir /srv/obole --create-home obole
COPY --from=build /opt/venv /opt/venv
WORKDIR /srv/obole/app
COPY . .
# Static files are collected here, once; the values only let the settings load, and none of them stays in the image.
RUN python -m compileall -q . \
 && SECRET_KEY=build PUBLIC_URL=https://build ALLOWED_HOSTS=build DATABASE_URL=postgresql://build/build \
    REDIS_URL=redis://build STRIPE_SECRET_KEY=build STRIPE_WEBHOOK_SECRETS=build \
    python manage.py collectstatic --no-input --verbosity 0 \
 && mkdir -p /srv/obole/data/recordings /srv/obole/data/replays \
 && chown -R obole: /srv/obole/data
USER obole
EXPOSE 8000
CMD ["python", "-m", "uvicorn", "config.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--lifespan", "off", "--no-access-log", "--timeout-graceful-shutdown", "20"]
