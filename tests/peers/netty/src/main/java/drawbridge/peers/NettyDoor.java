package drawbridge.peers;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.haproxy.HAProxyMessage;
import io.netty.handler.codec.haproxy.HAProxyMessageDecoder;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.Queue;

/**
 * What stands between Drawbridge and a Velocity's own code: Netty's reader of PROXY headers at the front of the pipeline.
 * Every connection has to begin with a header; what follows goes to a server, byte for byte. One line of output a header.
 *
 * <p>Arguments: the port to listen on, the port of the server.
 */
public final class NettyDoor {
    private NettyDoor() {}

    public static void main(String[] arguments) throws InterruptedException {
        int port = Integer.parseInt(arguments[0]);
        int to = Integer.parseInt(arguments[1]);
        var group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        new ServerBootstrap().group(group).channel(NioServerSocketChannel.class)
                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        channel.pipeline().addLast(new HAProxyMessageDecoder(), new Front(to));
                    }
                })
                .bind("127.0.0.1", port).sync().channel().closeFuture().sync();
    }

    /** Who has said everything may still listen. */
    private static void endAfterFlush(Channel channel) {
        if (channel.isActive()) {
            channel.writeAndFlush(channel.alloc().buffer(0))
                    .addListener(done -> ((SocketChannel) channel).shutdownOutput());
        }
    }

    private static final class Front extends ChannelInboundHandlerAdapter {
        private final int to;
        private Channel server;
        // What came with the header, before the server was there.
        private final Queue<Object> early = new ArrayDeque<>();
        private boolean connected;

        Front(int to) {
            this.to = to;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (message instanceof HAProxyMessage header) {
                System.out.println("header " + header.protocolVersion() + " " + header.command() + " source="
                        + header.sourceAddress() + ":" + header.sourcePort() + " tlvs=" + header.tlvs().size());
                header.release();
                connect(context);
            } else if (connected) {
                server.writeAndFlush(message);
            } else {
                early.add(message);
            }
        }

        private void connect(ChannelHandlerContext context) {
            Channel client = context.channel();
            server = new Bootstrap().group(client.eventLoop()).channel(NioSocketChannel.class)
                    .option(ChannelOption.ALLOW_HALF_CLOSURE, true).handler(new Back(client)).connect(new InetSocketAddress("127.0.0.1", to))
                    .addListener(done -> {
                        connected = done.isSuccess();
                        if (!connected) {
                            client.close();
                            return;
                        }
                        while (!early.isEmpty()) {
                            server.write(early.remove());
                        }
                        server.flush();
                    }).channel();
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof ChannelInputShutdownEvent && server != null) {
                endAfterFlush(server);
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            if (server != null) {
                server.close();
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            System.out.println("refused " + context.channel().remoteAddress() + " " + cause);
            context.close();
        }
    }

    private static final class Back extends ChannelInboundHandlerAdapter {
        private final Channel client;

        Back(Channel client) {
            this.client = client;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            client.writeAndFlush(message);
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof ChannelInputShutdownEvent) {
                endAfterFlush(client);
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            client.close();
        }
    }
}
