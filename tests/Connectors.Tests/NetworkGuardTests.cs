using System.Net;
using Microsoft.Security.AntiSSRF;
using Workflows.Connectors.Network;

namespace Workflows.Connectors.Tests;

public sealed class NetworkGuardTests
{
    [Theory]
    [InlineData("8.8.8.8")]
    [InlineData("1.1.1.1")]
    [InlineData("172.15.255.255")]
    [InlineData("172.32.0.0")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.0")]
    [InlineData("192.167.255.255")]
    [InlineData("169.253.255.255")]
    [InlineData("2606:4700:4700::1111")]
    [InlineData("::ffff:8.8.8.8")]
    [InlineData("64:ff9b::808:808")]
    [InlineData("2002:0808:0808::1")]
    [InlineData("168.63.129.15")]
    [InlineData("168.63.129.17")]
    [InlineData("192.31.195.255")]
    [InlineData("192.31.197.0")]
    [InlineData("192.52.192.255")]
    [InlineData("192.52.194.0")]
    [InlineData("192.175.47.255")]
    [InlineData("192.175.49.0")]
    [InlineData("100:0:0:2::")]
    [InlineData("2620:4f:7fff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("2620:4f:8001::")]
    public void The_public_internet_is_allowed(string address) =>
        Assert.True(NetworkGuard.IsPublic(IPAddress.Parse(address)));

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("10.0.0.1")]
    [InlineData("100.64.0.1")]
    [InlineData("127.0.0.1")]
    [InlineData("127.255.255.254")]
    [InlineData("168.63.129.16")]
    [InlineData("169.254.169.254")]
    [InlineData("172.16.0.1")]
    [InlineData("172.31.255.255")]
    [InlineData("192.0.0.1")]
    [InlineData("192.0.2.1")]
    [InlineData("192.168.1.1")]
    [InlineData("198.18.0.1")]
    [InlineData("198.51.100.1")]
    [InlineData("203.0.113.1")]
    [InlineData("224.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("::127.0.0.1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("64:ff9b::7f00:1")]
    [InlineData("64:ff9b::a9fe:a9fe")]
    [InlineData("64:ff9b:1::1")]
    [InlineData("2002:7f00:1::")]
    [InlineData("2002:a9fe:a9fe::1")]
    [InlineData("2001:0:7f00:1::")]
    [InlineData("2001:db8::1")]
    [InlineData("fc00::1")]
    [InlineData("fd12:3456::1")]
    [InlineData("fe80::1")]
    [InlineData("ff02::1")]
    public void Everything_else_is_refused(string address)
    {
        Assert.False(NetworkGuard.IsPublic(IPAddress.Parse(address)));
        Assert.False(new NetworkGuard([]).Allows("host.example", IPAddress.Parse(address), 80));
    }

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1", 80, true)]
    [InlineData("127.0.0.1", "127.0.0.2", 80, false)]
    [InlineData("127.0.0.1:8080", "127.0.0.1", 8080, true)]
    [InlineData("127.0.0.1:8080", "127.0.0.1", 80, false)]
    [InlineData("127.0.0.1:8080", "::ffff:127.0.0.1", 8080, true)]
    [InlineData("10.0.0.0/8", "10.1.2.3", 443, true)]
    [InlineData("10.0.0.0/8:443", "10.1.2.3", 443, true)]
    [InlineData("10.0.0.0/8:443", "10.1.2.3", 80, false)]
    [InlineData("10.0.0.0/8", "11.1.2.3", 443, true)]
    [InlineData("::1", "::1", 80, true)]
    [InlineData("[::1]:8080", "::1", 8080, true)]
    [InlineData("[::1]:8080", "::1", 80, false)]
    [InlineData("fd00::/8", "fd12::1", 80, true)]
    [InlineData("fd00::/8", "fc12::1", 80, false)]
    public void An_allow_list_exempts_what_it_names(string entry, string address, int port, bool allowed) =>
        Assert.Equal(allowed, new NetworkGuard([entry]).Allows(address, IPAddress.Parse(address), port));

    [Theory]
    [InlineData("build.internal", "build.internal", true)]
    [InlineData("build.internal", "BUILD.internal", true)]
    [InlineData("build.internal:8080", "build.internal", true)]
    [InlineData("build.internal", "other.internal", false)]
    [InlineData("build.internal", "x.build.internal", false)]
    public void A_host_name_exempts_itself(string entry, string host, bool allowed) =>
        Assert.Equal(allowed, new NetworkGuard([entry]).Allows(host, IPAddress.Parse("10.0.0.1"), 8080));

    [Theory]
    [InlineData("127.0.0.1:0")]
    [InlineData("127.0.0.1:99999")]
    [InlineData("127.0.0.1:http")]
    [InlineData("10.0.0.0/33")]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("http://10.0.0.1")]
    public void An_entry_that_means_nothing_is_an_error(string entry) =>
        Assert.Throws<AllowListException>(() => new NetworkGuard([entry]));

    public static TheoryData<string> RecommendedRanges => [.. IPAddressRanges.recommendedLatest];

    [Theory]
    [MemberData(nameof(RecommendedRanges))]
    public void Every_range_of_another_guard_is_refused_too(string range)
    {
        var network = Network(range);

        Assert.All(
            [First(network), Middle(network), Last(network)],
            address => Assert.False(NetworkGuard.IsPublic(address), $"{address} of {range}"));
    }

    /// <summary>
    /// What is refused here and allowed there, one address each: kept so that a newer list that catches up, or one
    /// that forgets, is noticed.
    /// </summary>
    [Theory]
    [InlineData("::127.0.0.1")] // IPv4-compatible IPv6, deprecated
    [InlineData("::808:808")]
    public void More_is_refused_than_another_guard_recommends(string text)
    {
        var address = IPAddress.Parse(text);

        Assert.False(NetworkGuard.IsPublic(address));
        Assert.DoesNotContain(IPAddressRanges.recommendedLatest, range => Network(range).Contains(address));
    }

    /// <summary>
    /// The other guard refuses NAT64 and 6to4 whole. Here the address inside decides: behind NAT64 every host of the IPv4
    /// internet has such an address.
    /// </summary>
    [Theory]
    [InlineData("64:ff9b::808:808", true)]
    [InlineData("64:ff9b::a83f:8110", false)] // 168.63.129.16
    [InlineData("2002:808:808::1", true)]
    [InlineData("2002:a83f:8110::1", false)]
    public void Two_ranges_of_another_guard_are_judged_by_the_address_inside(string text, bool isPublic)
    {
        var address = IPAddress.Parse(text);

        Assert.Equal(isPublic, NetworkGuard.IsPublic(address));
        Assert.Contains(IPAddressRanges.recommendedLatest, range => Network(range).Contains(address));
    }

    private static IPNetwork Network(string range) =>
        IPNetwork.TryParse(range, out var network) ? network : Single(IPAddress.Parse(range));

    private static IPNetwork Single(IPAddress address) => new(address, address.GetAddressBytes().Length * 8);

    private static IPAddress First(IPNetwork network) => network.BaseAddress;

    private static IPAddress Last(IPNetwork network) => WithHostBits(network, network.PrefixLength);

    private static IPAddress Middle(IPNetwork network) => WithHostBits(network, network.PrefixLength + 1);

    // The base address with all bits set from one on.
    private static IPAddress WithHostBits(IPNetwork network, int from)
    {
        var bytes = network.BaseAddress.GetAddressBytes();
        for (var bit = from; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] |= (byte)(0x80 >> (bit % 8));
        }

        return new IPAddress(bytes);
    }
}
