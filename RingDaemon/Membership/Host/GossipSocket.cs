using System.Net;
using System.Net.Sockets;
using Connect.RingDaemon.Membership.Wire;

namespace Connect.RingDaemon.Membership;

/// <summary>
/// The UDP side: seals and sends messages, and on a thread of its own receives, opens and decodes them into the inbox. It decides nothing.
/// </summary>
internal sealed class GossipSocket : IDisposable
{
    private readonly Socket _socket;
    private readonly SealedPackets _seal;
    private readonly Inbox _inbox;
    private readonly AddressBook _addresses;
    private readonly Thread _reader;
    private readonly byte[] _content = new byte[WireLimits.Packet];
    private readonly byte[] _packet = new byte[WireLimits.Packet];
    private volatile bool _closing;
    private long _unsent;

    public GossipSocket(IPEndPoint local, SealedPackets seal, Inbox inbox, TimeProvider time)
    {
        (_seal, _inbox, _addresses) = (seal, inbox, new(time));
        _socket = new(local.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        _socket.Bind(local);
        _reader = new(Read) { IsBackground = true, Name = "gossip-reader" };
    }

    /// <summary>Packets that could not be sent: no address yet, no route, no buffer.</summary>
    public long Unsent => Interlocked.Read(ref _unsent);

    /// <summary>Packets wait that the reader has not taken yet.</summary>
    public bool Waiting => _socket.Available > 0;

    public void Start() => _reader.Start();

    /// <summary>Only the loop sends, so the buffers need no lock.</summary>
    public void Send(string address, Message message)
    {
        var length = MessageCodec.Encode(message, _content);
        if (length == 0 || _addresses.Find(address) is not { } to)
        {
            Interlocked.Increment(ref _unsent);
            return;
        }
        try
        {
            var size = _seal.SealInto(_content.AsSpan(0, length), _packet);
            _socket.SendTo(_packet.AsSpan(0, size), SocketFlags.None, to);
        }
        catch (SocketException)
        {
            // As good as lost on the way; the protocol lives with that.
            Interlocked.Increment(ref _unsent);
        }
    }

    public void Dispose()
    {
        _closing = true;
        _socket.Dispose();
        if (_reader.IsAlive) _reader.Join(TimeSpan.FromSeconds(1));
    }

    private void Read()
    {
        // One byte more than allowed shows a packet that is too large instead of cutting it.
        var buffer = new byte[WireLimits.Packet + 1];
        var from = new SocketAddress(_socket.AddressFamily);
        var template = (IPEndPoint)_socket.LocalEndPoint!;
        while (!_closing)
        {
            try
            {
                var size = _socket.ReceiveFrom(buffer.AsSpan(), SocketFlags.None, from);
                if (!_seal.TryOpen(buffer.AsSpan(0, size), out var content)) continue;
                if (MessageCodec.TryDecode(content, out var message)) _inbox.Post(new PacketReceived(template.Create(from).ToString()!, message));
                else _seal.CountGarbage();
            }
            catch (SocketException) when (!_closing)
            {
                // A truncated or refused datagram says nothing about the next one.
            }
            catch (Exception e) when (e is ObjectDisposedException or SocketException)
            {
                return;
            }
        }
    }
}
