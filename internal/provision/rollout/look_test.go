package rollout

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"fanout/internal/provision/cloud"
	"fanout/internal/provision/registry"
	"fanout/internal/provision/role"
	fanout "fanout/lambda"
)

// account has the function orders, whose table has the target a.
type account struct {
	registry.API
	fail map[string]error // by operation
}

type functions struct {
	cloud.LambdaReader
	*account
}

func (a functions) GetFunction(context.Context, *lambda.GetFunctionInput, ...func(*lambda.Options)) (*lambda.GetFunctionOutput, error) {
	return &lambda.GetFunctionOutput{Configuration: &types.FunctionConfiguration{
		FunctionArn: aws.String("arn:aws:lambda:eu-west-1:123456789012:function:orders"), Role: aws.String("arn:aws:iam::123456789012:role/ordersRole"),
	}}, a.fail["GetFunction"]
}

type roles struct {
	cloud.IAMAPI
	*account
}

func (a roles) GetRole(context.Context, *iam.GetRoleInput, ...func(*iam.Options)) (*iam.GetRoleOutput, error) {
	return &iam.GetRoleOutput{Role: &iamtypes.Role{}}, a.fail["GetRole"]
}

func (a *account) Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	item := make(map[string]dynamodbtypes.AttributeValue)
	for name, v := range values("a") {
		item[name] = &dynamodbtypes.AttributeValueMemberS{Value: v.Text}
	}
	return &dynamodb.ScanOutput{Items: []map[string]dynamodbtypes.AttributeValue{item}, Count: 1}, a.fail["Scan"]
}

func TestLook(t *testing.T) {
	for name, test := range map[string]struct {
		table         string
		byHand        bool
		fail          string
		function      bool
		targets       int
		role          cloud.Outcome
		known, knownR bool
	}{
		"its table, and the role of somebody else": {"ordersTargets", false, "", true, 1, cloud.Foreign, true, true},
		"the user writes the policy":               {"ordersTargets", true, "GetRole", true, 1, "", true, true},
		"another table":                            {"other", false, "", false, 0, "", true, true},
		"no right to look at the function":         {"ordersTargets", false, "GetFunction", false, 0, "", false, true},
		"no right to look at the table":            {"ordersTargets", false, "Scan", true, 0, "", false, true},
		"no right to look at the role":             {"ordersTargets", false, "GetRole", true, 1, "", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			a := &account{fail: map[string]error{test.fail: errDenied}}
			b := Look(t.Context(), &role.Manager{Catalog: fanout.Builtin(), Lambda: functions{account: a}, IAM: roles{account: a}, DynamoDB: a}, "orders", test.table, test.byHand)
			if (b.Function != nil) != test.function || len(b.Targets) != test.targets || b.Role != test.role || b.ByHand != test.byHand {
				t.Errorf("got %+v", b)
			}
			if known, knownR := b.Err == nil, b.RoleErr == nil; known != test.known || knownR != test.knownR {
				t.Errorf("got %v and %v", b.Err, b.RoleErr)
			}
		})
	}
}
