# The lab as an image: for a school's server, or as a Space of the Hugging Face hub.
#   docker build -t thaw .
#   docker build -t thaw --build-arg TORCH_INDEX= .        with the GPU libraries, some 5 GB more
FROM python:3.11-slim

# Where torch and torchvision come from: builds for processors alone, unless this is left empty. That
# index builds them itself, so the lock has no sums of its files: their versions are the lock's all the
# same. Whatever else there is, and all of it without this, is taken by its sum.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

# Spaces run an image as user 1000; so does everybody else, and nobody as root.
RUN useradd --create-home --uid 1000 thaw \
    && mkdir -p /app /lab \
    && chown thaw:thaw /app /lab
USER thaw
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1

# What changes rarely first: a layer that is kept while only the lab's own files change.
COPY --chown=thaw:thaw requirements.lock ./
COPY --chown=thaw:thaw bench/supply.py ./bench/
RUN python -m venv .venv \
    && if [ -n "$TORCH_INDEX" ]; then \
           python bench/supply.py torch > torch.txt \
           && pip install --no-cache-dir --no-deps --index-url "$TORCH_INDEX" -r torch.txt; \
       fi \
    && python bench/supply.py wanted > wanted.txt \
    && pip install --no-cache-dir --require-hashes -r wanted.txt

COPY --chown=thaw:thaw app.py requirements.txt ./
COPY --chown=thaw:thaw .streamlit ./.streamlit
COPY --chown=thaw:thaw checkpoints ./checkpoints
COPY --chown=thaw:thaw pages ./pages
COPY --chown=thaw:thaw tlcore ./tlcore

# Everybody has a key of their own, and the server hands on only the variables that it names.
ENV TL_PUBLIC=1 \
    TL_HOME=/lab
VOLUME /lab
EXPOSE 8501

HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=9)"]

CMD ["python", "-m", "tlcore", "serve"]
