//go:build integration

package integration

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// createFunction makes a Lambda function, which moto does not run.
func (s services) createFunction(t *testing.T, name string) {
	t.Helper()
	post(t, "/moto-api/config", "application/json", `{"lambda":{"use_docker":false}}`)
	role := name + "-role"
	post(t, "/", "application/x-www-form-urlencoded", url.Values{
		"Action": {"CreateRole"}, "Version": {"2010-05-08"}, "RoleName": {role}, "AssumeRolePolicyDocument": {"{}"},
	}.Encode())
	var code bytes.Buffer
	z := zip.NewWriter(&code)
	must(z.Create("bootstrap"))(t)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	must(s.lambda.CreateFunction(t.Context(), &lambda.CreateFunctionInput{
		FunctionName: &name, Runtime: lambdatypes.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
		Role: aws.String("arn:aws:iam::" + account + ":role/" + role),
		Code: &lambdatypes.FunctionCode{ZipFile: code.Bytes()},
	}))(t)
}

// post sends moto a request that has no client here.
func post(t *testing.T, path, contentType, body string) {
	t.Helper()
	req := must(http.NewRequestWithContext(t.Context(), http.MethodPost, os.Getenv("AWS_ENDPOINT_URL")+path, strings.NewReader(body)))(t)
	req.Header.Set("Content-Type", contentType)
	// moto reads only service and account of it.
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=made-up/20261122/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=00")
	req.Close = true
	resp := must(http.DefaultClient.Do(req))(t)
	defer resp.Body.Close()
	if answer := must(io.ReadAll(resp.Body))(t); resp.StatusCode >= 300 {
		t.Fatalf("%s: %s: %s", path, resp.Status, answer)
	}
}
