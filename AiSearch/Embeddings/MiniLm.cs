using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using FastBertTokenizer;
using Microsoft.Extensions.AI;
using Microsoft.ML.OnnxRuntime;
using Workflows.AiSearch.Text;

namespace Workflows.AiSearch.Embeddings;

/// <summary>
/// The sentence embedding model all-MiniLM-L6-v2, run by ONNX Runtime on the processor: no network. It is English; of
/// other languages it knows little. Loaded at the first call, which takes about a second. A call runs on its caller's
/// thread, without threads of the runtime, so callers bound how much runs at once.
/// </summary>
internal sealed class MiniLm(string path) : IEmbeddingGenerator<string, Embedding<float>>
{
    public const int Dimension = 384;

    // Names of the graph.
    private static readonly string[] Inputs = ["input_ids", "attention_mask", "token_type_ids"];
    private static readonly string[] Outputs = ["last_hidden_state"];

    private readonly Lock _gate = new();
    private Loaded? _loaded;
    private bool _isDisposed;

    /// <summary>Whether the weights are used in single precision, as they come: slower, larger, and for
    /// measuring.</summary>
    public bool IsFullPrecision { get; init; }

    /// <exception cref="IOException">The model is not there.</exception>
    /// <exception cref="InvalidDataException">It is not the model.</exception>
    /// <exception cref="OnnxRuntimeException">It cannot be run.</exception>
    public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null,
            CancellationToken cancellationToken = default)
    {
        var texts = values.ToList();
        var embeddings = new Embedding<float>[texts.Count];
        var loaded = Load();

        // Texts of about one length share a batch, for all are padded to the longest.
        foreach (var batch in Enumerable.Range(0, texts.Count).OrderBy(i => texts[i].Length)
            .Chunk(Limits.TextsPerModelRun))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var vectors = loaded.Run([.. batch.Select(i => texts[i])]);
            for (var i = 0; i < batch.Length; i++)
            {
                embeddings[batch[i]] = new Embedding<float>(vectors[i]);
            }
        }

        return Task.FromResult(new GeneratedEmbeddings<Embedding<float>>(embeddings));
    }

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _loaded?.Dispose();
        }
    }

    private Loaded Load()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return _loaded ??= new Loaded(path, IsFullPrecision);
        }
    }

    private sealed class Loaded : IDisposable
    {
        private readonly BertTokenizer _tokenizer = new();
        private readonly Lock _tokenizing = new();
        private readonly InferenceSession _session;
        private readonly RunOptions _options = new();

        public Loaded(string path, bool isFullPrecision)
        {
            OrtEnv.Instance().DisableTelemetryEvents(); // on Windows the runtime would tell its maker of its use
            _session = Open(path, isFullPrecision, _tokenizer);

            // The network as it came, 90 MB that would stay for long
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive);
        }

        // A method of its own: code that runs once keeps what it holds until it returns.
        [MethodImpl(MethodImplOptions.NoInlining)]
        private static InferenceSession Open(string path, bool isFullPrecision, BertTokenizer tokenizer)
        {
            var (network, vocabulary) = ModelPackage.Read(path);
            tokenizer.LoadVocabulary(new StringReader(vocabulary), convertInputToLowercase: true);
            using var options = new Microsoft.ML.OnnxRuntime.SessionOptions
            {
                IntraOpNumThreads = 1,
                InterOpNumThreads = 1,
                EnableCpuMemArena = false, // it would keep what the longest batch ever took
                LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
            };
            return new InferenceSession(isFullPrecision ? network : OnnxQuantizer.Quantize(network), options);
        }

        /// <summary>Unit vectors: the mean over the tokens of each text.</summary>
        public float[][] Run(string[] texts)
        {
            var (ids, mask, width) = Tokenize(texts);
            long[] shape = [texts.Length, width];
            using var idValues = OrtValue.CreateTensorValueFromMemory(ids, shape);
            using var maskValues = OrtValue.CreateTensorValueFromMemory(mask, shape);
            using var typeValues = OrtValue.CreateTensorValueFromMemory(new long[ids.Length], shape);
            using var results = _session.Run(_options, Inputs, [idValues, maskValues, typeValues], Outputs);
            var states = results[0].GetTensorDataAsSpan<float>();
            var vectors = new float[texts.Length][];
            for (var text = 0; text < texts.Length; text++)
            {
                var mean = new float[Dimension];
                for (var token = text * width; token < (text + 1) * width; token++)
                {
                    if (mask[token] != 0)
                    {
                        TensorPrimitives.Add(mean, states.Slice(token * Dimension, Dimension), mean);
                    }
                }

                Vectors.Normalize(mean);
                vectors[text] = mean;
            }

            return vectors;
        }

        private (long[] Ids, long[] Mask, int Width) Tokenize(string[] texts)
        {
            var tokens = new long[texts.Length][];
            lock (_tokenizing)
            {
                for (var i = 0; i < texts.Length; i++)
                {
                    // The tokenizer would take accents off by normalisation, which needs the data of cultures.
                    tokens[i] = _tokenizer.Encode(Folding.FoldAccents(texts[i]), Limits.TokensPerText)
                        .InputIds.ToArray();
                }
            }

            var width = tokens.Max(text => text.Length);
            var (ids, mask) = (new long[texts.Length * width], new long[texts.Length * width]);
            for (var i = 0; i < texts.Length; i++)
            {
                tokens[i].CopyTo(ids, i * width);
                mask.AsSpan(i * width, tokens[i].Length).Fill(1);
            }

            return (ids, mask, width);
        }

        public void Dispose()
        {
            _session.Dispose();
            _options.Dispose();
        }
    }
}
