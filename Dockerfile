# The translation server with its two models, on a CPU: docker build -t nmt . && docker run -p 127.0.0.1:5000:5000 nmt
# ONNX Runtime runs the models, so torch and what else only training needs stay out (about 500 MB instead of 2 GB).
FROM python:3.12-slim

WORKDIR /app
COPY pyproject.toml constraints.txt README.md LICENSE ./
RUN python -c "import re, tomllib; project = tomllib.load(open('pyproject.toml', 'rb'))['project']; print('\n'.join(one for one in project['dependencies'] + project['optional-dependencies']['serve'] if re.match(r'[\w-]+', one)[0] not in ('torch', 'pyarrow')))" > requirements.txt \
 && pip install --no-cache-dir --disable-pip-version-check -r requirements.txt -c constraints.txt
COPY nmt nmt
COPY checkpoints checkpoints
RUN find checkpoints -name model*.safetensors -delete \
 && useradd --create-home nmt && install -d -o nmt /data && python -m compileall -q nmt
USER nmt
ENV PYTHONUNBUFFERED=1
EXPOSE 5000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:5000/health', timeout=4)"]
ENTRYPOINT ["python", "-m", "nmt", "serve", "--host", "0.0.0.0", "--port", "5000"]
# Flags after the image's name go here: --allowed-host NAME for a name that the container is asked by.
CMD []
