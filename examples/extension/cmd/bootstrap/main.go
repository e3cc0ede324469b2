// Command bootstrap is the Lambda function with the extension.
package main

import (
	"fanout/lambda"

	"example.com/extension"
)

func main() { lambda.Main(extension.Extension()...) }
