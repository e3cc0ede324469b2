package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"os"
	"sync"
	"time"
)

// certificates are two certificates for 127.0.0.1. This process trusts only known.
type certificates struct{ known, stranger *tls.Certificate }

// authority makes the certificates once. From then on the process trusts no other
// authority, because it only talks to itself.
var authority = sync.OnceValue(func() certificates {
	known, stranger := selfSigned(), selfSigned()
	roots := x509.NewCertPool()
	roots.AddCert(known.Leaf)
	_ = os.Setenv("GODEBUG", "x509usefallbackroots=1") // valid on every system
	x509.SetFallbackRoots(roots)
	return certificates{known, stranger}
})

func selfSigned() *tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // crypto/rand never fails
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		BasicConstraintsValid: true, IsCA: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err) // the template is always the same
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err) // it was just made
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}
