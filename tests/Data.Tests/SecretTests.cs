using System.Security.Cryptography;
using System.Text;
using Workflows.Data.Database;
using Workflows.Data.Identity;
using Workflows.Data.Secrets;
using Workflows.Testing;

namespace Workflows.Data.Tests;

public sealed class SecretTests(PostgresServer server) : IAsyncLifetime
{
    private const string Value = "pässword-of-the-bank";

    private DataStack _stack = null!;
    private TestTenant _tenant = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _stack = await DataStack.CreateAsync(server);
        _tenant = await _stack.AddTenantAsync();
    }

    public ValueTask DisposeAsync() => _stack.DisposeAsync();

    [Fact]
    public async Task What_is_sealed_opens_for_the_same_tenant_and_purpose_on_every_process()
    {
        var @sealed = await SealAsync(Sealer(), "secret:A", Value);

        Assert.Equal(Value, await OpenAsync(Sealer(_stack.Worker), "secret:A", @sealed));
    }

    [Fact]
    public async Task What_is_sealed_opens_for_no_other_purpose_and_no_other_tenant()
    {
        var other = await _stack.AddTenantAsync();
        var sealer = Sealer();
        var @sealed = await SealAsync(sealer, "secret:A", Value);
        await sealer.SealAsync(other.Id, "secret:A", "x"u8.ToArray(), Token); // so that it has a key, too

        await Assert.ThrowsAnyAsync<CryptographicException>(() => OpenAsync(sealer, "secret:B", @sealed));
        await Assert.ThrowsAnyAsync<CryptographicException>(async () => await sealer.OpenAsync(other.Id, "secret:A", @sealed, Token));
    }

    [Fact]
    public async Task Even_a_wrapped_key_that_is_copied_to_another_tenant_opens_nothing()
    {
        var other = await _stack.AddTenantAsync();
        var @sealed = await SealAsync(Sealer(), "secret:A", Value);
        await _stack.ExecuteAsync(
            "insert into tenant_keys select $2, key_id, wrapped, created_at from tenant_keys where tenant_id = $1", _tenant.Id, other.Id);

        await Assert.ThrowsAnyAsync<CryptographicException>(async () => await Sealer().OpenAsync(other.Id, "secret:A", @sealed, Token));
    }

    [Fact]
    public async Task A_changed_byte_anywhere_is_noticed()
    {
        var sealer = Sealer();
        var @sealed = await SealAsync(sealer, "secret:A", Value);
        for (var index = 0; index < @sealed.Bytes.Length; index++)
        {
            var changed = @sealed.Bytes.ToArray();
            changed[index] ^= 1;
            await Assert.ThrowsAnyAsync<CryptographicException>(() => OpenAsync(sealer, "secret:A", @sealed with { Bytes = changed }));
        }
    }

    [Fact]
    public async Task The_same_value_is_never_sealed_to_the_same_bytes()
    {
        var sealer = Sealer();

        var both = new[] { await SealAsync(sealer, "secret:A", Value), await SealAsync(sealer, "secret:A", Value) };

        Assert.NotEqual(both[0].Bytes, both[1].Bytes);
        Assert.All(both, @sealed => Assert.Equal(-1, @sealed.Bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(Value))));
    }

    [Fact]
    public async Task Processes_that_make_the_first_key_of_a_tenant_at_once_agree_on_one()
    {
        var sealers = Enumerable.Range(0, 8).Select(_ => Sealer()).ToList();

        // Several callers in each process: one of them may look for the key while another makes it.
        var callers = sealers.SelectMany(sealer => Enumerable.Repeat(sealer, 4));
        var all = await Task.WhenAll(callers.Select(sealer => SealAsync(sealer, "secret:A", Value)));

        Assert.Equal(1, await _stack.ScalarAsync<long>("select count(*) from tenant_keys where tenant_id = $1", _tenant.Id));
        foreach (var @sealed in all)
        {
            Assert.Equal(Value, await OpenAsync(Sealer(), "secret:A", @sealed));
        }
    }

    [Fact]
    public void Without_a_master_key_nothing_starts()
    {
        var error = Assert.Throws<InvalidOperationException>(() => new MasterKeys(new MasterKeyOptions()));

        Assert.Contains("Secrets:MasterKeys names no key", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_configuration_of_keys_that_cannot_be_meant_is_refused()
    {
        var (one, two) = (new KeyValuePair<string, string>("k1", Key('1')), new KeyValuePair<string, string>("k2", Key('2')));
        foreach (var (options, reason) in new (MasterKeyOptions, string)[]
        {
            (new() { MasterKeys = new Dictionary<string, string> { ["a"] = "short" } }, "at least 32"),
            (new() { MasterKeys = new Dictionary<string, string>([one]), CurrentMasterKey = "b" }, "lacks"),
            (new() { MasterKeys = new Dictionary<string, string>([one, two]) }, "must name"),
            (new() { MasterKeyFile = "/nowhere/at/all" }, "is not there"),
        })
        {
            var error = Assert.Throws<InvalidOperationException>(() => new MasterKeys(options));
            Assert.Contains(reason, error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain(Key('1'), error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Keys_come_from_a_file_as_well()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, $"one {new string('a', 40)}\n\ntwo {new string('b', 40)}\n", Token);
        try
        {
            var masters = new MasterKeys(new MasterKeyOptions { MasterKeyFile = file, CurrentMasterKey = "two" });

            Assert.Equal(("two", 2), (masters.CurrentId, masters.Ids.Count));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task After_a_rotation_everything_is_sealed_anew_and_the_old_key_is_needed_no_more()
    {
        await AddSecretAsync(Sealer(), "A", Value);
        await AddSecretAsync(Sealer(), "B", "other");
        var both = Masters("k2", ("k1", Key('1')), ("k2", Key('2')));
        var resealing = new Resealing(_stack.Worker, new SecretSealer(_stack.Worker, both, TimeProvider.System), both);

        Assert.Equal(2, await resealing.RoundAsync(10, Token));
        Assert.Equal(0, await resealing.RoundAsync(10, Token));

        var onlyNew = Masters("k2", ("k2", Key('2')));
        var found = await Store(new SecretSealer(_stack.Worker, onlyNew, TimeProvider.System)).GetAsync(_tenant.Id, ["A", "B"], Token);
        Assert.Equal((Value, "other"), (found["A"], found["B"]));
    }

    [Fact]
    public async Task The_secret_of_a_second_factor_is_sealed_anew_as_well()
    {
        var user = Guid.CreateVersion7();
        var purpose = ControlPlane.SecondFactor.PurposeOf(user);
        var old = await SealAsync(Sealer(), purpose, Value);
        await _stack.ExecuteAsync(
            """
            insert into users (tenant_id, id, email, username, name, created_at, updated_at)
            values ($1, $2, 'f@b.c', 'f', 'F', now(), now())
            """, _tenant.Id, user);
        await _stack.ExecuteAsync(
            """
            insert into second_factors (tenant_id, user_id, key_id, sealed, created_at) values ($1, $2, $3, $4, now())
            """,
            _tenant.Id, user, old.KeyId, old.Bytes);
        var both = Masters("k2", ("k1", Key('1')), ("k2", Key('2')));
        var sealer = new SecretSealer(_stack.Worker, both, TimeProvider.System);

        Assert.Equal(1, await new Resealing(_stack.Worker, sealer, both).RoundAsync(10, Token));

        Assert.Equal(
            "k2", await _stack.ScalarAsync<string>("select key_id from second_factors where user_id = $1", user));
        var bytes = await _stack.ScalarAsync<byte[]>("select sealed from second_factors where user_id = $1", user);
        Assert.Equal(Value, await OpenAsync(sealer, purpose, new SealedBytes("k2", bytes)));
    }

    [Fact]
    public async Task The_secret_of_an_identity_provider_is_sealed_anew_as_well()
    {
        var id = Guid.CreateVersion7();
        var purpose = ControlPlane.IdentityProvider.PurposeOf(id);
        var old = await SealAsync(Sealer(), purpose, Value);
        await _stack.ExecuteAsync(
            """
            insert into identity_providers
              (tenant_id, id, slug, name, issuer, client_id, key_id, sealed, scopes, enabled, trust_email,
               link_by_email, provision, default_roles, mappings, created_at, updated_at)
            values ($1, $2, 'p', 'P', 'i', 'c', $3, $4, '{}', true, false, false, false, '{}', '[]', now(), now())
            """,
            _tenant.Id, id, old.KeyId, old.Bytes);
        var both = Masters("k2", ("k1", Key('1')), ("k2", Key('2')));
        var sealer = new SecretSealer(_stack.Worker, both, TimeProvider.System);

        Assert.Equal(1, await new Resealing(_stack.Worker, sealer, both).RoundAsync(10, Token));

        var bytes = await _stack.ScalarAsync<byte[]>("select sealed from identity_providers where id = $1", id);
        Assert.Equal(Value, await OpenAsync(sealer, purpose, new SealedBytes("k2", bytes)));
    }

    [Fact]
    public async Task A_value_changed_while_it_is_sealed_anew_stays_changed()
    {
        await AddSecretAsync(Sealer(), "A", Value);
        var both = Masters("k2", ("k1", Key('1')), ("k2", Key('2')));
        var sealer = new SecretSealer(_stack.Worker, both, TimeProvider.System);
        await sealer.SealAsync(_tenant.Id, "secret:A", "x"u8.ToArray(), Token);

        // The row changes between the reading and the update of the round: both orders must leave "newer".
        var newer = await sealer.SealAsync(_tenant.Id, "secret:A", "newer"u8.ToArray(), Token);
        var change = _stack.ExecuteAsync(
            "update secrets set key_id = $2, sealed = $3 where tenant_id = $1", _tenant.Id, newer.KeyId, newer.Bytes);
        await Task.WhenAll(new Resealing(_stack.Worker, sealer, both).RoundAsync(10, Token), change);

        Assert.Equal("newer", (await Store(sealer).GetAsync(_tenant.Id, ["A"], Token))["A"]);
    }

    [Fact]
    public async Task A_secret_is_read_by_name_and_only_by_its_tenant()
    {
        var other = await _stack.AddTenantAsync();
        await AddSecretAsync(Sealer(), "A", Value);
        var store = Store(Sealer(_stack.Worker));

        Assert.Equal(Value, Assert.Single(await store.GetAsync(_tenant.Id, ["A", "MISSING"], Token)).Value);
        Assert.Empty(await store.GetAsync(other.Id, ["A"], Token));
    }

    [Fact]
    public async Task A_change_is_seen_at_once_when_it_is_announced()
    {
        await AddSecretAsync(Sealer(), "A", Value);
        var invalidation = new Invalidation(_stack.Redis);
        var store = new SecretStore(_stack.Worker, Sealer(_stack.Worker), invalidation, TimeProvider.System);
        await store.GetAsync(_tenant.Id, ["A"], Token);
        var @sealed = await SealAsync(Sealer(), "secret:A", "new");
        await _stack.ExecuteAsync("update secrets set sealed = $2 where tenant_id = $1", _tenant.Id, @sealed.Bytes);

        Assert.Equal(Value, (await store.GetAsync(_tenant.Id, ["A"], Token))["A"]);
        invalidation.Publish(Invalidated.Secret, _tenant.Id, Guid.Empty);
        Assert.Equal("new", (await store.GetAsync(_tenant.Id, ["A"], Token))["A"]);
    }

    private static string Key(char of) => new(of, 40);

    private static MasterKeys Masters(string current, params (string Id, string Secret)[] keys) =>
        new(new MasterKeyOptions { MasterKeys = keys.ToDictionary(key => key.Id, key => key.Secret), CurrentMasterKey = current });

    private SecretSealer Sealer(WorkflowsDatabase? database = null) =>
        new(database ?? _stack.Api, Masters("k1", ("k1", Key('1'))), TimeProvider.System);

    private SecretStore Store(SecretSealer sealer) => new(_stack.Worker, sealer, new Invalidation(_stack.Redis), TimeProvider.System);

    private async Task<SealedBytes> SealAsync(SecretSealer sealer, string purpose, string value) =>
        await sealer.SealAsync(_tenant.Id, purpose, Encoding.UTF8.GetBytes(value), Token);

    private async Task<string> OpenAsync(SecretSealer sealer, string purpose, SealedBytes @sealed) =>
        Encoding.UTF8.GetString(await sealer.OpenAsync(_tenant.Id, purpose, @sealed, Token));

    private async Task AddSecretAsync(SecretSealer sealer, string name, string value)
    {
        var @sealed = await SealAsync(sealer, SecretStore.PurposeOf(name), value);
        await _stack.ExecuteAsync(
            "insert into secrets (tenant_id, id, name, key_id, sealed, created_at, updated_at) values ($1, $2, $3, $4, $5, now(), now())",
            _tenant.Id, Guid.CreateVersion7(), name, @sealed.KeyId, @sealed.Bytes);
    }
}
