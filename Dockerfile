# The command fanout, without a shell. Work with files in a folder:
#
#   docker build -t fanout .
#   docker run --rm -v "$PWD:/work" fanout lint --targets targets.yaml
#
# The image has no git. To let fanout version tell its commit, add
# --build-arg COMMIT="$(git rev-parse HEAD)".

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION COMMIT DATE
ENV CGO_ENABLED=0
RUN make bin/fanout VERSION="$VERSION" COMMIT="$COMMIT" DATE="$DATE"

FROM scratch AS base
# Certificates, to call AWS.
COPY --from=alpine:3.22 /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
WORKDIR /work
USER 65532:65532
ENTRYPOINT ["/fanout"]

# Releases have built the command already.
FROM base AS released
ARG TARGETPLATFORM
COPY ${TARGETPLATFORM}/fanout /fanout

FROM base
COPY --from=build /src/bin/fanout /fanout
