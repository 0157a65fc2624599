FROM python:3.11-slim-trixie AS build
COPY requirements-s3.txt .
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements-s3.txt

FROM python:3.11-slim-trixie
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# pg_dump and pg_restore, for manage.py backup and restore; they must not be older than the server.
# poppler-utils reads the text of PDFs, for manage.py namecheck.
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql-client poppler-utils && rm -rf /var/lib/apt/lists/*
ARG REVISION=
ENV REVISION=$REVISION
RUN useradd --system --uid 10001 --home-dir /app pressroom \
    && install -d -o pressroom /app/var /app/var/media
WORKDIR /app
COPY --from=build /venv /venv
COPY . .
# Static files are part of the image; Django needs the key only to start, and does not store it. COPY
# keeps the permissions of the checkout: without chmod, after a strict umask the image's own user
# could not read the files. Without compileall, each process would compile all modules at its start.
RUN chmod -R a+rX . \
    && python -m compileall -q . \
    && SECRET_KEY=only-to-collect-static-files-while-the-image-is-built \
    python manage.py collectstatic --no-input --verbosity 0
USER pressroom
EXPOSE 8000
VOLUME ["/app/var/media"]
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
# Workers, threads and the log are set in gunicorn.conf.py.
CMD ["gunicorn", "pressroom.wsgi", "--bind", "0.0.0.0:8000"]
