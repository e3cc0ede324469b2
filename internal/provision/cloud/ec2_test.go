package cloud

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"fanout/internal/awserr"
)

// ec2 returns a client of a server with this handler.
func ec2(t *testing.T, handle http.HandlerFunc) *EC2 {
	s := httptest.NewServer(handle)
	t.Cleanup(s.Close)
	return Of(aws.Config{
		Region: "eu-west-1", BaseEndpoint: &s.URL, HTTPClient: s.Client(),
		Credentials: credentials.NewStaticCredentialsProvider("made-up", "made-up", ""),
	}).EC2()
}

func TestSubnets(t *testing.T) {
	e := ec2(t, func(w http.ResponseWriter, r *http.Request) {
		if got, want := r.FormValue("Action")+r.FormValue("Version")+r.FormValue("SubnetId.1")+r.FormValue("SubnetId.2"), "DescribeSubnets2016-11-15subnet-1subnet-2"; got != want {
			t.Errorf("the request says %s, want %s", got, want)
		}
		if auth := r.Header.Get("Authorization"); !strings.Contains(auth, "/eu-west-1/ec2/aws4_request") {
			t.Errorf("the request is signed %q", auth)
		}
		if r.FormValue("NextToken") == "" {
			fmt.Fprint(w, `<DescribeSubnetsResponse><subnetSet><item><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId></item></subnetSet><nextToken>more</nextToken></DescribeSubnetsResponse>`)
			return
		}
		fmt.Fprint(w, `<DescribeSubnetsResponse><subnetSet><item><subnetId>subnet-2</subnetId><vpcId>vpc-1</vpcId></item></subnetSet></DescribeSubnetsResponse>`)
	})
	got, err := e.DescribeSubnets(t.Context(), []string{"subnet-1", "subnet-2"})
	if want := []Subnet{{"subnet-1", "vpc-1"}, {"subnet-2", "vpc-1"}}; err != nil || !cmp.Equal(want, got) {
		t.Errorf("%v, %v", got, err)
	}
}

// The resources of a VPC are queried by its id. The documents are shortened examples of
// the EC2 API reference.
func TestVPC(t *testing.T) {
	e := ec2(t, func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("Filter.1.Name") != "vpc-id" || r.FormValue("Filter.1.Value.1") != "vpc-1" {
			t.Errorf("the request says %v", r.Form)
		}
		if r.FormValue("Action") == "DescribeRouteTables" {
			fmt.Fprint(w, `<DescribeRouteTablesResponse><routeTableSet><item><routeTableId>rtb-1</routeTableId>
				<routeSet><item><destinationCidrBlock>10.0.0.0/22</destinationCidrBlock><gatewayId>local</gatewayId><state>active</state></item>
				<item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock><natGatewayId>nat-1</natGatewayId><state>blackhole</state></item></routeSet>
				<associationSet><item><routeTableId>rtb-1</routeTableId><main>true</main></item><item><subnetId>subnet-1</subnetId><main>false</main></item></associationSet>
				</item></routeTableSet></DescribeRouteTablesResponse>`)
			return
		}
		fmt.Fprint(w, `<DescribeVpcEndpointsResponse><vpcEndpointSet><item><vpcEndpointId>vpce-1</vpcEndpointId><vpcEndpointType>Gateway</vpcEndpointType>
			<serviceName>com.amazonaws.eu-west-1.s3</serviceName><state>available</state><routeTableIdSet><item>rtb-1</item></routeTableIdSet></item></vpcEndpointSet></DescribeVpcEndpointsResponse>`)
	})
	tables, err := e.DescribeRouteTables(t.Context(), "vpc-1")
	if diff := cmp.Diff([]RouteTable{{
		ID: "rtb-1", Associations: []Association{{Main: true}, {Subnet: "subnet-1"}},
		Routes: []Route{{To: "10.0.0.0/22", Gateway: "local", State: "active"}, {To: "0.0.0.0/0", NAT: "nat-1", State: "blackhole"}},
	}}, tables); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	endpoints, err := e.DescribeVpcEndpoints(t.Context(), "vpc-1")
	if diff := cmp.Diff([]Endpoint{{ID: "vpce-1", Service: "com.amazonaws.eu-west-1.s3", Kind: "Gateway", State: "available", RouteTables: []string{"rtb-1"}}}, endpoints); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestEC2Refuses(t *testing.T) {
	for _, c := range []struct {
		name, answer string
		status       int
		denied       bool
		want         string
	}{
		{"no right", `<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized.</Message></Error></Errors></Response>`, 403, true,
			"AWS does not allow EC2 DescribeSubnets (UnauthorizedOperation); ask for the right to call it"},
		{"no subnet", `<Response><Errors><Error><Code>InvalidSubnetID.NotFound</Code><Message>No.</Message></Error></Errors></Response>`, 400, false,
			"EC2 DescribeSubnets failed: No (InvalidSubnetID.NotFound)"},
		{"no XML", `gone fishing`, 502, false, "EC2 DescribeSubnets got an answer from HOST that does not come from AWS (502 Bad Gateway); check --region, --endpoint-url and proxies"},
		{"no XML in an answer", `<`, 200, false, "EC2 DescribeSubnets got an answer from HOST that does not come from AWS (200 OK); check --region, --endpoint-url and proxies"},
	} {
		e := ec2(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			fmt.Fprint(w, c.answer)
		})
		_, err := e.DescribeSubnets(t.Context(), nil)
		_, host, _ := strings.Cut(*e.cfg.BaseEndpoint, "://")
		if err == nil || strings.Replace(awserr.Plain(err), host, "HOST", 1) != c.want || awserr.IsDenied(err) != c.denied {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestEC2WithoutCredentials(t *testing.T) {
	e := ec2(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") })
	e.cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{}, errors.New("there are no AWS credentials")
	})
	if _, err := e.DescribeSubnets(t.Context(), nil); err == nil || !strings.HasSuffix(awserr.Plain(err), "was not sent: there are no AWS credentials") {
		t.Error(err)
	}
}

func TestEC2Endpoint(t *testing.T) {
	for region, want := range map[string]string{
		"eu-west-1": "https://ec2.eu-west-1.amazonaws.com/", "cn-north-1": "https://ec2.cn-north-1.amazonaws.com.cn/",
		"us-gov-west-1": "https://ec2.us-gov-west-1.amazonaws.com/", "us-iso-east-1": "https://ec2.us-iso-east-1.c2s.ic.gov/",
	} {
		got, err := Of(aws.Config{Region: region}).EC2().endpoint(t.Context())
		if err != nil || got != want {
			t.Errorf("%s: %s, %v", region, got, err)
		}
	}
}
