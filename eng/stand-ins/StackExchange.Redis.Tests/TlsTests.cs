using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace StackExchange.Redis.Tests;

public sealed class TlsTests : IAsyncLifetime
{
    private readonly X509Certificate2 _certificate = SelfSigned();
    private RedisProcess _redis = null!;

    public async ValueTask InitializeAsync() => _redis = await RedisProcess.StartAsync(_certificate);

    public async ValueTask DisposeAsync()
    {
        await _redis.DisposeAsync();
        _certificate.Dispose();
    }

    [Fact]
    public async Task Commands_and_subscriptions_go_over_tls_when_the_certificate_is_approved()
    {
        await using var multiplexer = await _redis.ConnectAsync(options =>
        {
            options.Ssl = true;
            options.CertificateValidation += (_, certificate, _, _) => _certificate.Equals(certificate);
        });
        var db = multiplexer.GetDatabase();
        var value = new string('x', 1_000_000);
        await db.StringSetAsync("key", value);
        Assert.Equal(value, await db.StringGetAsync("key"));
        var queue = await multiplexer.GetSubscriber().SubscribeAsync(RedisChannel.Literal("channel"));
        Assert.Equal(1, await db.PublishAsync(RedisChannel.Literal("channel"), "secret"));
        Assert.Equal("secret", (await queue.ReadAsync(TestContext.Current.CancellationToken)).Message);
    }

    [Fact]
    public async Task A_certificate_nobody_vouches_for_is_refused()
    {
        var error = await Assert.ThrowsAsync<RedisConnectionException>(() => _redis.ConnectAsync(options =>
        {
            options.Ssl = true;
            options.ConnectRetry = 1;
        }));
        Assert.Equal(ConnectionFailureType.AuthenticationFailure, error.FailureType);
    }

    [Fact]
    public async Task A_plain_connection_to_a_tls_port_fails_clearly()
    {
        var error = await Assert.ThrowsAsync<RedisConnectionException>(() => _redis.ConnectAsync(options => options.ConnectRetry = 1));
        Assert.Equal(ConnectionFailureType.UnableToConnect, error.FailureType);
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
