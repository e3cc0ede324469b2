package brokers

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"
)

// emptyHash is the SHA-256 of no payload.
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// TestIAMLogin asserts that the login for Amazon MSK is what its page says: a signed request to
// kafka-cluster:Connect in JSON (github.com/aws/aws-msk-iam-auth, Details). The SDK's signer makes
// the same signature.
func TestIAMLogin(t *testing.T) {
	const host = "b-1.demo.abc123.c2.kafka.eu-west-1.amazonaws.com"
	for _, token := range []string{"", "a token/+="} {
		role := credentials.NewStaticCredentialsProvider("AKIDMADEUP", "made-up", token)
		a, err := Parse("kafkas://" + host + ":9098/orders?sasl=iam")
		if err != nil {
			t.Fatal(err)
		}
		m := a.mechanism(Login{Role: role})
		_, said, err := m.Authenticate(t.Context(), host+":9098")
		if err != nil || m.Name() != "AWS_MSK_IAM" {
			t.Fatal(m.Name(), err)
		}
		var got map[string]string
		if err := json.Unmarshal(said, &got); err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse("20060102T150405Z", got["x-amz-date"])
		if err != nil {
			t.Fatal(err)
		}
		want := signed(t, host, at, role)
		want["version"], want["host"], want["user-agent"] = "2020_10_22", host, "fanout"
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

// signed returns the parameters of the request as the SDK signs it.
func signed(t *testing.T, host string, at time.Time, role aws.CredentialsProvider) map[string]string {
	t.Helper()
	c, err := role.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodGet, "https://"+host+"/?Action=kafka-cluster%3AConnect&X-Amz-Expires=900", nil)
	if err != nil {
		t.Fatal(err)
	}
	text, _, err := v4.NewSigner().PresignHTTP(t.Context(), c, req, emptyHash, "kafka-cluster", "eu-west-1", at)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	for name, values := range u.Query() {
		all[map[string]string{
			"Action": "action", "X-Amz-Algorithm": "x-amz-algorithm", "X-Amz-Credential": "x-amz-credential", "X-Amz-Date": "x-amz-date", "X-Amz-Expires": "x-amz-expires",
			"X-Amz-SignedHeaders": "x-amz-signedheaders", "X-Amz-Signature": "x-amz-signature", "X-Amz-Security-Token": "x-amz-security-token",
		}[name]] = values[0]
	}
	return all
}
