// versitygw serves a folder as S3: its subfolders are the buckets. It takes the folder, and prints the port that it listens on;
// the keys are those of the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY).
package main

import (
	"context"
	"fmt"
	"net"
	"os"

	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
)

func main() {
	if err := serve(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(folder string) error {
	address, err := free()
	if err != nil {
		return err
	}
	if err := (meta.XattrMeta{}).Test(folder); err != nil {
		return err
	}
	store, err := posix.New(folder, meta.XattrMeta{}, posix.PosixOpts{Concurrency: 100})
	if err != nil {
		return err
	}
	fmt.Println(address.Port)
	return embedgw.RunVersityGW(context.Background(), store, &embedgw.Config{
		RootUserAccess:    os.Getenv("AWS_ACCESS_KEY_ID"),
		RootUserSecret:    os.Getenv("AWS_SECRET_ACCESS_KEY"),
		Ports:             []string{address.String()},
		MaxConnections:    1000,
		MaxRequests:       1000,
		MultipartMaxParts: 10000,
		KeepAlive:         true,
		Quiet:             true,
	})
}

// free finds a port: the gateway opens its own by number.
func free() (*net.TCPAddr, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr), nil
}
