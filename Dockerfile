# One image, two roles: WORKER_ENABLED=false is the web role, true is web+worker. docs/deploy.md says how to run it.
#
# Base images are arguments, so that a registry mirror or a digest can be put in their place. The runtime image has no
# shell, no package manager and no curl.
ARG NODE_IMAGE=docker.io/library/node:22-bookworm-slim
ARG SDK_IMAGE=mcr.microsoft.com/dotnet/sdk:10.0-noble
ARG RUNTIME_IMAGE=mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled

# What comes from npm: the pages' libraries. The optional packages are the embedded PostgreSQL,
# which production refuses.
FROM --platform=${BUILDPLATFORM} ${NODE_IMAGE} AS npm
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=optional --loglevel=error

# Runs on the builder's own processor and compiles for the target's: nothing is emulated.
FROM --platform=${BUILDPLATFORM} ${SDK_IMAGE} AS build
# Compiling ahead makes the start use a third less processor time; false is for feeds that lack the compiler's package.
ARG READY_TO_RUN=true
# Set by the builder: amd64 or arm64. Without a default, which would hide the builder's value.
ARG TARGETARCH
ENV DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
WORKDIR /src
COPY global.json Directory.Build.props Directory.Build.targets Directory.Packages.props ./
COPY App/App.csproj App/
COPY Migrations/Migrations.csproj Migrations/
RUN dotnet restore App -a ${TARGETARCH} -p:PublishReadyToRun=${READY_TO_RUN}
COPY --from=npm /src/node_modules node_modules
COPY . .
# node_modules is there already: the stamp tells the build so, whatever times the files were copied with.
RUN touch node_modules/.package-lock.json \
 && dotnet publish App -c Release -a ${TARGETARCH} --self-contained false --no-restore -p:PublishReadyToRun=${READY_TO_RUN} -o /app \
 && rm -f /app/*.xml /app/web.config

FROM ${RUNTIME_IMAGE}
WORKDIR /app
COPY --from=build /app .
# The small base has no time zones, and schedules are told in them.
COPY --from=build /usr/share/zoneinfo /usr/share/zoneinfo
# A small container: no diagnostics socket, few arenas of the C heap. PostgreSQL is asked for TLS, not for Kerberos,
# whose library is not here. ONNX Runtime reports to nobody (the application says so too).
ENV ENV=production \
    PORT=8080 \
    DOTNET_EnableDiagnostics=0 \
    MALLOC_ARENA_MAX=2 \
    PGGSSENCMODE=disable \
    ORT_DISABLE_TELEMETRY=1
EXPOSE 8080
# By number, so that it exists in any base image.
USER 1654:1654
STOPSIGNAL SIGTERM
# For engines that look at it (Docker, Compose); Railway, Fly and Kubernetes ask /health/ready themselves.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 CMD ["dotnet", "App.dll", "health"]
ENTRYPOINT ["dotnet", "App.dll"]
