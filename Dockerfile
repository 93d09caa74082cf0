# One image for the worker, the web hook and the command. It holds no secrets: they come from the environment or files.
FROM python:3.12-slim AS build
WORKDIR /app
COPY requirements/runtime.txt requirements/runtime.txt
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements/runtime.txt
COPY . .
RUN /venv/bin/pip install --no-cache-dir --no-deps .

FROM python:3.12-slim
RUN useradd --system --create-home --home-dir /var/lib/offboard offboard
COPY --from=build /venv /venv
USER offboard
WORKDIR /var/lib/offboard
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 OFFBOARD_HOME=/var/lib/offboard
CMD ["python", "-m", "worker"]
