# Compiles the recorder for arm64 with Debian's cross compiler: proves that it compiles, nothing runs it here.
ARG BASE
FROM ${BASE}
RUN dpkg --add-architecture arm64 \
 && apt-get update \
 && apt-get install -y --no-install-recommends gcc-aarch64-linux-gnu libc6-dev-arm64-cross libseccomp-dev:arm64 make \
 && rm -rf /var/lib/apt/lists/*
COPY images/recorder /build
RUN make -C /build clean all CROSS=aarch64-linux-gnu-
