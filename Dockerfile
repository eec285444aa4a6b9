# One image for every process of every service; which one runs is the command:
#   python -m services.customers web | relay | worker | migrate        (and likewise for the other services)

ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS dependencies
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
# Only these two files decide which packages there are: a change of the code leaves this layer as it is. Neither the
# development tools nor the embedded PostgreSQL belong to an image; of the extras it has `pdf` only.
COPY pyproject.toml constraints.txt ./
RUN python -c "import tomllib; told = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
print(*told['dependencies'], *told['optional-dependencies']['pdf'], sep='\n')" > requirements.txt \
 && pip install --requirement requirements.txt --constraint constraints.txt

FROM ${PYTHON_IMAGE}
# /run/metrics is where a file system in memory is mounted; some engines give that the mode of the folder beneath.
RUN groupadd --gid 10001 accounts \
 && useradd --uid 10001 --gid accounts --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin accounts \
 && install -d -m 1777 /run/metrics
COPY --from=dependencies /opt/venv /opt/venv
WORKDIR /app
COPY shared/servicekit shared/servicekit
COPY services services
COPY deploy/topology.json deploy/topology.json
COPY docs/api/openapi.json docs/api/openapi.json
COPY docs/asyncapi.json docs/asyncapi.json
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/app:/app/shared PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# Containers may run with a read-only file system, so bytecode is made here.
RUN python -m compileall -q -j 0 services shared
USER accounts
EXPOSE 8000
CMD ["python", "-c", "raise SystemExit('say which process: python -m services.<name> <process>')"]
