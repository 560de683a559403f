using System.ComponentModel.DataAnnotations.Schema;
using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;

namespace Pgvector.EntityFrameworkCore.Tests;

public sealed class EntityFrameworkTests(VectorDatabase database) : IClassFixture<VectorDatabase>, IAsyncLifetime
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await using var context = new ItemContext(database.ConnectionString);
        await context.Database.EnsureCreatedAsync(Cancel);
        await context.Items.ExecuteDeleteAsync(Cancel);
        context.Items.AddRange(Item(1, 1, 1, 1), Item(2, 2, 2, 2), Item(3, 1, 1, 2));
        await context.SaveChangesAsync(Cancel);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public static TheoryData<string, Expression<Func<Item, double>>, double[]> Distances()
    {
        var query = Make.Vector(1, 1, 1);
        var half = Make.HalfVector(1, 1, 1);
        return new()
        {
            { "<->", item => item.Embedding!.L2Distance(query), [0, Math.Sqrt(3), 1] },
            { "<#>", item => item.Embedding!.MaxInnerProduct(query), [-3, -6, -4] },
            { "<=>", item => item.Embedding!.CosineDistance(query), [0, 0, 1 - (4 / (Math.Sqrt(3) * Math.Sqrt(6)))] },
            { "<+>", item => item.Embedding!.L1Distance(query), [0, 3, 1] },
            { "<->", item => item.Half!.L2Distance(half), [0, Math.Sqrt(3), 1] },
            { "<=>", item => item.Half!.CosineDistance(half), [0, 0, 1 - (4 / (Math.Sqrt(3) * Math.Sqrt(6)))] },
        };
    }

    [Theory]
    [MemberData(nameof(Distances))]
    public async Task A_distance_is_computed_by_the_server(string @operator, Expression<Func<Item, double>> distance, double[] expected)
    {
        await using var context = new ItemContext(database.ConnectionString);
        var query = context.Items.OrderBy(item => item.Id).Select(distance);

        Assert.Contains($" {@operator} ", query.ToQueryString(), StringComparison.Ordinal);
        var computed = await query.ToListAsync(Cancel);

        Assert.All(computed.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, tolerance: 1e-6));
    }

    [Fact]
    public async Task Bit_distances_are_computed_by_the_server()
    {
        await using var context = new ItemContext(database.ConnectionString);
        var bits = new System.Collections.BitArray([true, true, false]);

        Assert.Equal(1, await context.Items.Where(item => item.Id == 1).Select(item => item.Bits!.HammingDistance(bits)).SingleAsync(Cancel));
        Assert.Equal(0.5, await context.Items.Where(item => item.Id == 1).Select(item => item.Bits!.JaccardDistance(bits)).SingleAsync(Cancel));
    }

    [Fact]
    public async Task The_nearest_come_first()
    {
        await using var context = new ItemContext(database.ConnectionString);
        var query = Make.Vector(2f, 2f, 2f);

        var nearest = await context.Items.OrderBy(item => item.Embedding!.L2Distance(query)).Take(2).Select(item => item.Id).ToListAsync(Cancel);

        Assert.Equal([2, 3], nearest);
    }

    [Fact]
    public async Task Vectors_are_stored_changed_and_set_to_null_like_any_column()
    {
        await using (var writing = new ItemContext(database.ConnectionString))
        {
            var item = await writing.Items.SingleAsync(item => item.Id == 1, Cancel);
            Assert.Equal(new Vector("[1,1,1]"), item.Embedding);
            item.Embedding = new Vector("[7,8,9]");
            item.Half = null;
            Assert.Equal(1, await writing.SaveChangesAsync(Cancel));
            item.Embedding = new Vector("[7,8,9]"); // equal by value: nothing to save
            Assert.Equal(0, await writing.SaveChangesAsync(Cancel));
        }

        await using var reading = new ItemContext(database.ConnectionString);
        var stored = await reading.Items.SingleAsync(item => item.Id == 1, Cancel);
        Assert.Equal(new Vector("[7,8,9]"), stored.Embedding);
        Assert.Null(stored.Half);
    }

    [Fact]
    public async Task The_schema_has_the_types_sizes_and_indexes_asked_for()
    {
        await using var context = new ItemContext(database.ConnectionString);

        var script = context.Database.GenerateCreateScript();

        Assert.Contains("\"Embedding\" vector(3)", script, StringComparison.Ordinal);
        Assert.Contains("\"Half\" halfvec(3)", script, StringComparison.Ordinal);
        Assert.Contains("\"Sized\" vector(5)", script, StringComparison.Ordinal);
        Assert.Contains("CREATE EXTENSION IF NOT EXISTS vector", script, StringComparison.Ordinal);
        Assert.Contains("USING hnsw (\"Half\" halfvec_cosine_ops) WITH (ef_construction=64, m=16)", script, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_external_data_source_that_knows_vectors_serves_as_well()
    {
        await using var context = new ItemContext(options => options.UseNpgsql(database.DataSource, npgsql => npgsql.UseVector()));

        Assert.Equal(new Vector("[2,2,2]"), (await context.Items.SingleAsync(item => item.Id == 2, Cancel)).Embedding);
    }

    [Fact]
    public async Task A_vector_written_as_a_constant_is_refused_before_the_server_refuses_it()
    {
        await using var context = new ItemContext(database.ConnectionString);

        await Assert.ThrowsAsync<NotSupportedException>(
            () => context.Items.OrderBy(item => item.Embedding!.L2Distance(new Vector("[1,1,1]"))).ToListAsync(Cancel));
    }

    [Fact]
    public void A_distance_cannot_be_computed_on_the_client() =>
        Assert.Throws<InvalidOperationException>(() => Make.Vector(1).L2Distance(Make.Vector(1)));

    private static Item Item(int id, float x, float y, float z) => new()
    {
        Id = id,
        Embedding = Make.Vector(x, y, z),
        Half = Make.HalfVector(x, y, z),
        Bits = new System.Collections.BitArray([true, false, false]),
    };

    internal sealed class ItemContext(Action<DbContextOptionsBuilder> configure) : DbContext
    {
        public ItemContext(string connectionString)
            : this(options => options.UseNpgsql(connectionString, npgsql => npgsql.UseVector()))
        {
        }

        public DbSet<Item> Items => Set<Item>();

        protected override void OnConfiguring(DbContextOptionsBuilder optionsBuilder) => configure(optionsBuilder);

        protected override void OnModelCreating(ModelBuilder modelBuilder)
        {
            modelBuilder.HasPostgresExtension("vector");
            modelBuilder.Entity<Item>(item =>
            {
                item.Property(row => row.Id).ValueGeneratedNever();
                item.Property(row => row.Half).HasColumnType("halfvec(3)");
                item.Property(row => row.Sized).HasMaxLength(5);
                item.Property(row => row.Bits).HasColumnType("bit(3)");
                item.HasIndex(row => row.Half).HasMethod("hnsw").HasOperators("halfvec_cosine_ops")
                    .HasStorageParameter("m", 16).HasStorageParameter("ef_construction", 64);
            });
        }
    }
}

public sealed class Item
{
    public int Id { get; set; }

    [Column(TypeName = "vector(3)")]
    public Vector? Embedding { get; set; }

    public HalfVector? Half { get; set; }

    public Vector? Sized { get; set; }

    public System.Collections.BitArray? Bits { get; set; }
}
