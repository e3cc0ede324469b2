package poll

import (
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"fanout/internal/jsontext"
)

// appendAttributes appends an item in DynamoDB JSON, with its attributes ordered by
// name.
func appendAttributes(dst []byte, attrs map[string]types.AttributeValue) ([]byte, error) {
	dst = append(dst, '{')
	for i, name := range slices.Sorted(maps.Keys(attrs)) {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendAttribute(appendName(dst, name), attrs[name]); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

// appendAttribute appends a value in DynamoDB JSON: an object whose only member is
// named after the value's type (DynamoDB API reference, AttributeValue).
func appendAttribute(dst []byte, value types.AttributeValue) (_ []byte, err error) {
	dst = append(dst, '{')
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		dst = jsontext.AppendString(appendName(dst, "S"), v.Value)
	case *types.AttributeValueMemberN:
		dst = jsontext.AppendString(appendName(dst, "N"), v.Value)
	case *types.AttributeValueMemberB:
		dst = appendBinary(appendName(dst, "B"), v.Value)
	case *types.AttributeValueMemberBOOL:
		dst = appendBool(appendName(dst, "BOOL"), v.Value)
	case *types.AttributeValueMemberNULL:
		dst = appendBool(appendName(dst, "NULL"), v.Value)
	case *types.AttributeValueMemberSS:
		dst = appendList(appendName(dst, "SS"), v.Value, jsontext.AppendString[string])
	case *types.AttributeValueMemberNS:
		dst = appendList(appendName(dst, "NS"), v.Value, jsontext.AppendString[string])
	case *types.AttributeValueMemberBS:
		dst = appendList(appendName(dst, "BS"), v.Value, appendBinary)
	case *types.AttributeValueMemberL:
		dst = appendList(appendName(dst, "L"), v.Value, func(dst []byte, v types.AttributeValue) []byte {
			if err == nil {
				dst, err = appendAttribute(dst, v)
			}
			return dst
		})
	case *types.AttributeValueMemberM:
		dst, err = appendAttributes(appendName(dst, "M"), v.Value)
	default:
		err = fmt.Errorf("an attribute has the unknown type %T", value)
	}
	if err != nil {
		return nil, err
	}
	return append(dst, '}'), nil
}

func appendList[T any](dst []byte, list []T, appendItem func([]byte, T) []byte) []byte {
	dst = append(dst, '[')
	for i, item := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendItem(dst, item)
	}
	return append(dst, ']')
}

func appendName(dst []byte, name string) []byte {
	return append(jsontext.AppendString(dst, name), ':')
}

func appendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, "true"...)
	}
	return append(dst, "false"...)
}
