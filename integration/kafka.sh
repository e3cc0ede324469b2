#!/usr/bin/env bash
# Puts a Kafka broker together in the folder $1, from the jars that its project publishes for
# Maven.
set -euo pipefail
version=3.9.1 # the last line that runs on Java 11 and 17
mkdir -p "$1"
home=$(cd "$1" && pwd)
[ -e "$home/complete" ] && exit
echo "assembling Kafka $version in $home"
rm -rf "$home"
mkdir -p "$home/lib"
cat >"$home/pom.xml" <<EOF
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>fanout</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$version</version></dependency>
  </dependencies>
</project>
EOF
mvn -q -B -Dstyle.color=never -f "$home/pom.xml" dependency:copy-dependencies -DoutputDirectory="$home/lib" -DincludeScope=runtime
touch "$home/complete"
