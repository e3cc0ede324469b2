package clitest

import (
	"os"
)

const Orders = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"

// ClientEnv is the environment of a command that must reach only fakes.
func ClientEnv(aws, stream string) map[string]string {
	return map[string]string{
		"AWS_ENDPOINT_URL":            aws,
		"AWS_ENDPOINT_URL_KINESIS":    stream,
		"AWS_REGION":                  "eu-west-1",
		"AWS_ACCESS_KEY_ID":           "made-up",
		"AWS_SECRET_ACCESS_KEY":       "made-up",
		"AWS_EC2_METADATA_DISABLED":   "true",
		"AWS_CONFIG_FILE":             os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"GORACE":                      "atexit_sleep_ms=0", // otherwise every command takes another second
	}
}
