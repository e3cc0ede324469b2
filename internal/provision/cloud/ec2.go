package cloud

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/smithy-go"

	"fanout/internal/awserr"
	"fanout/internal/pages"
)

// EC2 makes the few calls about networks that fanout doctor needs. The SDK's module for
// EC2 is the largest of all: too much for three calls.
type EC2 struct{ cfg aws.Config }

// EC2 returns a client.
func (a *Account) EC2() *EC2 { return &EC2{a.cfg} }

// Subnet is a subnet of a VPC (EC2 API, Subnet).
type Subnet struct {
	ID  string `xml:"subnetId"`
	VPC string `xml:"vpcId"`
}

// RouteTable holds the routes of subnets (EC2 API, RouteTable).
type RouteTable struct {
	ID           string        `xml:"routeTableId"`
	Associations []Association `xml:"associationSet>item"`
	Routes       []Route       `xml:"routeSet>item"`
}

// Association ties a route table to a subnet. The main table serves all subnets of the
// VPC without a table of their own.
type Association struct {
	Subnet string `xml:"subnetId"`
	Main   bool   `xml:"main"`
}

// Route is the way to a range of addresses (EC2 API, Route). The id that is set names
// the next hop.
type Route struct {
	To        string `xml:"destinationCidrBlock"` // 0.0.0.0/0 for all
	Gateway   string `xml:"gatewayId"`            // igw-…: of the internet; vgw-…: of a VPN
	NAT       string `xml:"natGatewayId"`
	Transit   string `xml:"transitGatewayId"`
	Interface string `xml:"networkInterfaceId"` // of a NAT instance, say
	Peering   string `xml:"vpcPeeringConnectionId"`
	State     string `xml:"state"` // active or blackhole
}

// Endpoint leads from a VPC to one service (EC2 API, VpcEndpoint).
type Endpoint struct {
	ID          string   `xml:"vpcEndpointId"`
	Service     string   `xml:"serviceName"` // like com.amazonaws.eu-west-1.dynamodb
	Kind        string   `xml:"vpcEndpointType"`
	State       string   `xml:"state"`
	RouteTables []string `xml:"routeTableIdSet>item"` // of a gateway endpoint
}

// found is the answer to any of the calls. Each call fills one list, a page at a time.
type found struct {
	Subnets   []Subnet     `xml:"subnetSet>item"`
	Tables    []RouteTable `xml:"routeTableSet>item"`
	Endpoints []Endpoint   `xml:"vpcEndpointSet>item"`
	Next      string       `xml:"nextToken"`
}

// DescribeSubnets returns subnets by their ids.
func (e *EC2) DescribeSubnets(ctx context.Context, ids []string) ([]Subnet, error) {
	v := url.Values{}
	for i, id := range ids {
		v.Set(fmt.Sprintf("SubnetId.%d", i+1), id)
	}
	f, err := e.call(ctx, "DescribeSubnets", v)
	return f.Subnets, err
}

// DescribeRouteTables returns the route tables of a VPC.
func (e *EC2) DescribeRouteTables(ctx context.Context, vpc string) ([]RouteTable, error) {
	f, err := e.call(ctx, "DescribeRouteTables", ofVPC(vpc))
	return f.Tables, err
}

// DescribeVpcEndpoints returns the endpoints of a VPC.
func (e *EC2) DescribeVpcEndpoints(ctx context.Context, vpc string) ([]Endpoint, error) {
	f, err := e.call(ctx, "DescribeVpcEndpoints", ofVPC(vpc))
	return f.Endpoints, err
}

func ofVPC(vpc string) url.Values {
	return url.Values{"Filter.1.Name": {"vpc-id"}, "Filter.1.Value.1": {vpc}}
}

// call makes a call of the Query API (EC2 API, Making requests) for all pages.
func (e *EC2) call(ctx context.Context, operation string, v url.Values) (found, error) {
	v.Set("Action", operation)
	v.Set("Version", "2016-11-15")
	var all found
	for range pages.Max {
		all.Next = ""
		if err := e.ask(ctx, v.Encode(), &all); err != nil {
			return found{}, &smithy.OperationError{ServiceID: "EC2", OperationName: operation, Err: err}
		}
		if all.Next == "" {
			return all, nil
		}
		v.Set("NextToken", all.Next)
	}
	return found{}, pages.ErrEndless
}

// ask sends one request, signed with SigV4. It appends the lists of the answer to out.
func (e *EC2) ask(ctx context.Context, body string, out *found) error {
	at, err := e.endpoint(ctx)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, at, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	who, err := e.cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return fmt.Errorf("get identity: %w", err)
	}
	hash := sha256.Sum256([]byte(body))
	if err := v4.NewSigner().SignHTTP(ctx, who, req, hex.EncodeToString(hash[:]), "ec2", e.cfg.Region, time.Now()); err != nil {
		return err
	}
	resp, err := e.cfg.HTTPClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return refusal(resp, answer)
	}
	if xml.Unmarshal(answer, out) != nil {
		return awserr.NotAWSFrom(resp)
	}
	return nil
}

// refusal reads an error (EC2 API, Error codes).
func refusal(resp *http.Response, answer []byte) error {
	var out struct {
		Errors []struct {
			Code    string
			Message string
		} `xml:"Errors>Error"`
	}
	if xml.Unmarshal(answer, &out) != nil || len(out.Errors) == 0 {
		return awserr.NotAWSFrom(resp)
	}
	return &smithy.GenericAPIError{Code: out.Errors[0].Code, Message: out.Errors[0].Message}
}

// endpoint returns the URL of the service. Kinesis has the same suffix in every
// partition.
func (e *EC2) endpoint(ctx context.Context) (string, error) {
	if e.cfg.BaseEndpoint != nil {
		return strings.TrimSuffix(*e.cfg.BaseEndpoint, "/") + "/", nil
	}
	other, err := kinesis.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, kinesis.EndpointParameters{Region: &e.cfg.Region})
	if err != nil {
		return "", err
	}
	return strings.Replace(other.URI.String(), "//kinesis.", "//ec2.", 1) + "/", nil
}
