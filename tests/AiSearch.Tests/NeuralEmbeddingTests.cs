using System.Numerics.Tensors;
using Microsoft.Extensions.AI;
using Workflows.AiSearch.Embeddings;
using Workflows.AiSearch.Indexing;
using Workflows.AiSearch.Text;
using Workflows.Testing;

namespace Workflows.AiSearch.Tests;

/// <summary>The built-in model as it is brought by the build, and what is done around it.</summary>
public sealed class NeuralEmbeddingTests(PostgresServer server)
{
    private static readonly MiniLm Model = new(ModelPackage.DefaultPath);

    private static readonly string[] Texts =
    [
        "Refund an order", "Give the customer the money back", "A cat sleeps in the sun",
        "Nightly import of exchange rates from the bank failed with a time-out",
        "Approve invoices above 1,000 euros by two people before they are paid, and tell accounting of each decision "
        + "that was taken",
    ];

    [Fact]
    public async Task Texts_of_like_meaning_lie_near_each_other_without_a_word_in_common()
    {
        var vectors = await EmbedAsync(Model, Texts);

        Assert.All(vectors, vector => Assert.Equal(1, TensorPrimitives.Norm<float>(vector), 1e-4f));
        Assert.InRange(Cosine(vectors[0], vectors[1]), 0.5f, 1);
        Assert.InRange(Cosine(vectors[0], vectors[2]), -0.2f, 0.2f);
    }

    [Fact]
    public async Task Weights_of_a_byte_give_almost_the_vectors_of_single_precision()
    {
        using var full = new MiniLm(ModelPackage.DefaultPath) { IsFullPrecision = true };

        var (expected, given) = (await EmbedAsync(full, Texts), await EmbedAsync(Model, Texts));

        Assert.All(expected.Zip(given), pair => Assert.InRange(Cosine(pair.First, pair.Second), 0.98f, 1.001f));
    }

    [Fact]
    public async Task A_text_has_its_vector_whatever_stands_beside_it_in_the_batch()
    {
        var together = await EmbedAsync(Model, [.. Texts, .. Enumerable.Repeat(Texts[4] + " " + Texts[3], 8)]);

        foreach (var (text, vector) in Texts.Zip(together))
        {
            // Not to the bit: the range of what is multiplied is taken over the whole batch.
            Assert.InRange(Cosine(vector, (await EmbedAsync(Model, [text]))[0]), 0.98f, 1.001f);
        }
    }

    [Fact]
    public async Task Accents_do_not_change_the_vector()
    {
        var vectors = await EmbedAsync(Model, ["Café crème for Zoë", "cafe creme for zoe", ""]);

        Assert.Equal(1, Cosine(vectors[0], vectors[1]), 1e-5f);
        Assert.Equal(MiniLm.Dimension, vectors[2].Length);
    }

    [Fact]
    public async Task Without_the_model_the_provider_fails_and_the_words_answer()
    {
        await using var bed = await SearchBed.CreateAsync(server, new Dictionary<string, string?>
        {
            ["Search:Embeddings:Provider"] = "neural",
            ["Search:Embeddings:ModelFile"] = "/nowhere/model.bin",
        });
        var tenantId = await bed.AddTenantAsync();
        await bed.PutAsync(tenantId, [(Guid.CreateVersion7(), "Refund", "money back")]);

        var answer = await bed.SearchAsync(tenantId, "refund");

        Assert.Equal(("lexical", "Searched by words only: the embedding provider neural failed."),
            (answer.Mode, answer.Notice));
        Assert.Equal("Refund", answer.Hits.Single().Title);
    }

    [Theory]
    [InlineData("not an assembly at all")]
    [InlineData("")]
    public async Task What_is_not_the_package_is_refused(string content)
    {
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(path, content, TestContext.Current.CancellationToken);
            Assert.Throws<InvalidDataException>(() => ModelPackage.Read(path));
            Assert.Throws<InvalidDataException>(() => ModelPackage.Read(
                typeof(NeuralEmbeddingTests).Assembly.Location));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData(new byte[] { 0x3A, 0x05, 1 })] // five bytes are promised
    [InlineData(new byte[] { 0x80 })] // a number that does not end
    [InlineData(new byte[] { 0x3B })] // wire type 3
    public void A_model_that_is_cut_off_is_refused(byte[] model) =>
        Assert.Throws<InvalidDataException>(() => OnnxQuantizer.Quantize(model));

    [Fact]
    public async Task A_query_does_not_wait_for_texts_that_are_being_indexed()
    {
        using var generator = new HeldGenerator();
        using var provider = new NeuralEmbeddings(generator);
        var texts = Enumerable.Range(0, Environment.ProcessorCount * 4)
            .Select(_ => provider.EmbedAsync(
                Guid.Empty, NeuralEmbeddings.Model, [new EmbeddingInput("held", TermVector.Of(""))],
                    EmbeddingPurpose.Text,
                TestContext.Current.CancellationToken))
            .ToList();
        await generator.Reached.Task;

        var query = await provider.EmbedAsync(
            Guid.Empty, NeuralEmbeddings.Model, [new EmbeddingInput("query", TermVector.Of(""))],
                EmbeddingPurpose.Query,
            TestContext.Current.CancellationToken);

        Assert.Null(query.Failure);
        Assert.DoesNotContain(texts, text => text.IsCompleted);
        generator.Released.Set();
        await Task.WhenAll(texts);
        Assert.InRange(generator.Most, 1, Math.Max(1, Environment.ProcessorCount / 2) + 1);
    }

    [Fact]
    public async Task The_statistical_index_answers_until_everything_has_a_vector_of_the_model()
    {
        await using var old = await SearchBed.CreateAsync(server);
        var tenantId = await old.AddTenantAsync();
        await old.PutAsync(tenantId,
        [
            (Guid.CreateVersion7(), "Refund", "Gives the customer the money back"),
                (Guid.CreateVersion7(), "Cats", "A cat sleeps in the sun"),
        ]);
        Assert.Equal("local-1", (await old.SearchAsync(tenantId, "refund")).Model);
        await using var changed = old.AnotherInstance(
            new Dictionary<string, string?> { ["Search:Embeddings:Provider"] = "neural" });

        var before = await changed.SearchAsync(tenantId, "refund");
        await changed.Get<Sweep>().RunAsync(TestContext.Current.CancellationToken);
        var after = await changed.SearchAsync(tenantId, "reimburse somebody who paid");

        Assert.Equal(("local-1", "Refund"), (before.Model, before.Hits[0].Title));
        Assert.Equal((NeuralEmbeddings.Model, "Refund"), (after.Model, after.Hits.Single().Title));
        Assert.Equal("meaning", after.Hits[0].Why.Single().Signal);
        // Loads the model, for which a query would not wait long enough on a busy machine
        await old.Get<NeuralEmbeddings>().EmbedAsync(
            tenantId, NeuralEmbeddings.Model, [new EmbeddingInput("refund", TermVector.Of("refund"))],
                EmbeddingPurpose.Text,
            TestContext.Current.CancellationToken);
        Assert.Equal(NeuralEmbeddings.Model, (await old.SearchAsync(tenantId, "refund")).Model);
        Assert.Empty((await changed.SearchAsync(tenantId, "qwrtz blorf xyzzy")).Hits);
    }

    private static async Task<float[][]> EmbedAsync(MiniLm model, string[] texts) =>
        [.. (await model.GenerateAsync(texts, cancellationToken: TestContext.Current.CancellationToken))
            .Select(made => made.Vector.ToArray())];

    private static float Cosine(float[] left, float[] right) => TensorPrimitives.CosineSimilarity<float>(left, right);

    /// <summary>Holds what is called "held" until it is released.</summary>
    private sealed class HeldGenerator : IEmbeddingGenerator<string, Embedding<float>>
    {
        private int _running;

        public TaskCompletionSource Reached { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ManualResetEventSlim Released { get; } = new();

        public int Most { get; private set; }

        public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
            IEnumerable<string> values, EmbeddingGenerationOptions? options = null,
                CancellationToken cancellationToken = default)
        {
            var texts = values.ToList();
            Most = Math.Max(Most, Interlocked.Increment(ref _running));
            if (texts[0] == "held")
            {
                Reached.TrySetResult();
                Released.Wait(cancellationToken);
            }

            Interlocked.Decrement(ref _running);
            return Task.FromResult(new GeneratedEmbeddings<Embedding<float>>(
                texts.Select(_ => new Embedding<float>(new float[MiniLm.Dimension]))));
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose() => Released.Dispose();
    }
}
