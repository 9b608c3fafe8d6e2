# By tag for people and by digest for truth; `make pin` looks the digest up again.
FROM python:3.11.14-slim-bookworm@sha256:65a93d69fa75478d554f4ad27c85c1e69fa184956261b4301ebaf6dbb0a3543d AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/oit && /opt/oit/bin/pip install --no-cache-dir --require-hashes --requirement requirements.lock
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY emulator emulator
COPY specs specs
COPY scenarios scenarios
RUN /opt/oit/bin/pip install --no-cache-dir --no-deps --no-build-isolation .
# What is read of the specs is kept beside them in a quicker form, as Python keeps its modules: the image cannot be written to.
RUN cd / && /opt/oit/bin/oit run scenarios/access-eline/new-install.oit.yaml

FROM python:3.11.14-slim-bookworm@sha256:65a93d69fa75478d554f4ad27c85c1e69fa184956261b4301ebaf6dbb0a3543d
RUN useradd --no-create-home --uid 10001 oit && install --directory --owner 10001 /data
COPY --from=build /opt/oit /opt/oit
# Only /data is written to, so that the root may be read-only.
ENV PATH=/opt/oit/bin:$PATH PYTHONDONTWRITEBYTECODE=1 OIT_DATA=/data
VOLUME /data
USER 10001
WORKDIR /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/health', timeout=2)"]
# Only in the container, whose network is its own, does the seller listen on every address.
ENTRYPOINT ["oit"]
CMD ["seller", "--host", "0.0.0.0", "--port", "8080"]
