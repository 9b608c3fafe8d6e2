FROM python:3.11-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY emulator emulator
COPY specs specs
COPY scenarios scenarios
RUN pip wheel --no-cache-dir --wheel-dir /wheels .

FROM python:3.11-slim
RUN useradd --create-home --uid 10001 oit
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir --no-index --find-links /wheels lso-oit && rm -rf /wheels
USER oit
WORKDIR /home/oit
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/health', timeout=2)"]
# Only in the container, whose network is its own, does the seller listen on every address.
ENTRYPOINT ["oit"]
CMD ["seller", "--host", "0.0.0.0", "--port", "8080"]
