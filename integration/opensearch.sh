#!/usr/bin/env bash
# Puts an OpenSearch server together in the folder $1, from the jars that its project
# publishes for Maven. There is no package of the whole server.
set -euo pipefail
version=2.19.1 # the last line that runs on Java 11 and 17
mkdir -p "$1"
home=$(cd "$1" && pwd)
[ -e "$home/complete" ] && exit

for tool in java mvn; do
  command -v $tool >/dev/null && continue
  sudo=$([ "$(id -u)" = 0 ] || echo sudo)
  $sudo apt-get update -qq
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends default-jre-headless maven >/dev/null
  break
done

echo "assembling OpenSearch $version in $home"
rm -rf "$home"
mkdir -p "$home"/{bin,lib,modules/transport-netty4,plugins}
cat >"$home/pom.xml" <<EOF
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>fanout</groupId><artifactId>opensearch</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.opensearch</groupId><artifactId>opensearch</artifactId><version>$version</version></dependency>
    <dependency><groupId>org.opensearch</groupId><artifactId>opensearch-plugin-classloader</artifactId><version>$version</version></dependency>
    <dependency><groupId>org.opensearch.plugin</groupId><artifactId>transport-netty4-client</artifactId><version>$version</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-core</artifactId><version>2.21.0</version></dependency>
  </dependencies>
</project>
EOF
mvn -q -B -Dstyle.color=never -f "$home/pom.xml" dependency:copy-dependencies -DoutputDirectory="$home/lib" -DincludeScope=runtime

# What serves HTTP is a module, with a class loader and rights of its own.
module=$home/modules/transport-netty4
mv "$home"/lib/netty-*.jar "$home"/lib/transport-netty4-client-*.jar "$module"
cat >"$module/plugin-descriptor.properties" <<EOF
name=transport-netty4
description=HTTP and transport over Netty
version=$version
opensearch.version=$version
java.version=11
classname=org.opensearch.transport.Netty4Plugin
EOF
cat >"$module/plugin-security.policy" <<EOF
grant {
  permission java.net.SocketPermission "*", "accept,connect,resolve";
  permission java.lang.RuntimePermission "accessDeclaredMembers";
  permission java.lang.RuntimePermission "getClassLoader";
  permission java.lang.RuntimePermission "setContextClassLoader";
  permission java.lang.reflect.ReflectPermission "suppressAccessChecks";
};
EOF
touch "$home/complete"
