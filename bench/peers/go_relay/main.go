// A TCP relay as Go programs write it: accept, dial, io.Copy in each direction, half-close carried over. It stands in
// for the relay loops of the Go proxies of this game, without their parsing: on Linux io.Copy between two TCP
// connections is splice(2).
package main

import (
	"flag"
	"io"
	"log"
	"net"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:25565", "address to accept on")
	backend := flag.String("backend", "127.0.0.1:25600", "address to connect to")
	flag.Parse()
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	for {
		client, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go serve(client.(*net.TCPConn), *backend)
	}
}

func serve(client *net.TCPConn, backend string) {
	defer client.Close()
	conn, err := net.Dial("tcp", backend)
	if err != nil {
		return
	}
	server := conn.(*net.TCPConn)
	defer server.Close()
	done := make(chan struct{})
	go func() {
		pass(server, client)
		close(done)
	}()
	pass(client, server)
	<-done
}

func pass(to, from *net.TCPConn) {
	io.Copy(to, from)
	to.CloseWrite()
}
