package awscall

import (
	"context"
	"net/http"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// through makes a call through the middleware of the configuration, which works as in an SDK
// client: it may look at the call, change the request, or answer itself.
func (c *Client) through(ctx context.Context, r *Request, req *http.Request, read Read) error {
	stack := middleware.NewStack(r.Operation, smithyhttp.NewStackRequest)
	if err := stack.Initialize.Add(&awsmiddleware.RegisterServiceMetadata{
		Region: c.cfg.Region, ServiceID: c.service.ID, SigningName: c.service.signing(), OperationName: r.Operation,
	}, middleware.Before); err != nil {
		return err
	}
	if err := stack.Serialize.Add(middleware.SerializeMiddlewareFunc("OperationSerializer", func(
		ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler,
	) (middleware.SerializeOutput, middleware.Metadata, error) {
		if own, ok := in.Request.(*smithyhttp.Request); ok {
			own.Request = req
		}
		return next.HandleSerialize(ctx, in)
	}), middleware.After); err != nil {
		return err
	}
	if err := stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("OperationDeserializer", func(
		ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
	) (out middleware.DeserializeOutput, metadata middleware.Metadata, err error) {
		out, metadata, err = next.HandleDeserialize(ctx, in)
		if answer, ok := out.RawResponse.(*smithyhttp.Response); ok && err == nil {
			if id := requestID(answer.Header); id != "" {
				awsmiddleware.SetRequestIDMetadata(&metadata, id)
			}
			err = c.receive(r, answer.Response, read)
		}
		return out, metadata, err
	}), middleware.After); err != nil {
		return err
	}
	for _, option := range c.cfg.APIOptions {
		if err := option(stack); err != nil {
			return err
		}
	}
	_, _, err := middleware.DecorateHandler(middleware.HandlerFunc(func(ctx context.Context, in any) (any, middleware.Metadata, error) {
		sent := req
		if own, ok := in.(*smithyhttp.Request); ok {
			sent = own.Request.WithContext(ctx)
		}
		answer, err := c.send(ctx, r, sent) //nolint:bodyclose // receive closes it
		if err != nil {
			return nil, middleware.Metadata{}, err
		}
		return &smithyhttp.Response{Response: answer}, middleware.Metadata{}, nil
	}), stack).Handle(ctx, r)
	return err
}
