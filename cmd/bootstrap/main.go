// Command bootstrap is the fanout Lambda function for the runtime provided.al2023. The
// README lists its environment variables.
package main

import "fanout/lambda"

func main() { lambda.Main() }
