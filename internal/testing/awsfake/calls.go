package awsfake

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/middleware"
)

// Config returns a configuration whose clients call nothing: answer gets the input of each
// call, and returns its output.
func Config(answer func(ctx context.Context, in any) (out any, err error)) aws.Config {
	instead := middleware.InitializeMiddlewareFunc("fake answer", func(ctx context.Context, in middleware.InitializeInput, _ middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		out, err := answer(ctx, in.Parameters)
		return middleware.InitializeOutput{Result: out}, middleware.Metadata{}, err
	})
	return aws.Config{Region: "eu-west-1", APIOptions: []func(*middleware.Stack) error{func(s *middleware.Stack) error {
		return s.Initialize.Add(instead, middleware.Before)
	}}}
}
