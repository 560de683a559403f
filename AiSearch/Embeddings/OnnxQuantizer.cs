using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Workflows.AiSearch.Embeddings;

/// <summary>
/// Makes of an ONNX model in single precision one with weights of a byte: a quarter of the size, twice as fast.
/// Products with constant matrices become <c>DynamicQuantizeMatMul</c> of ONNX Runtime, with a scale for each column;
/// the table of words keeps a scale for each row. Only the first output is kept, so that what makes the others is not
/// computed. What is none of it stays as it is.
/// </summary>
internal static class OnnxQuantizer
{
    // Weights use seven of the eight bits: on processors without VNNI the sum of two products must fit 16 bits.
    private const float Levels = 63;

    private const int LongTableRows = 10_000;
    private const ulong FloatType = 1;
    private const ulong Int8Type = 3;
    private const ulong IntAttribute = 2;
    private const string RuntimeDomain = "com.microsoft";

    // Numbers of fields in onnx.proto.
    private const int ModelGraph = 7;
    private const int ModelOperatorSets = 8;
    private const int GraphNode = 1;
    private const int GraphInitializer = 5;
    private const int GraphOutput = 12;
    private const int NodeInput = 1;
    private const int NodeOutput = 2;
    private const int NodeName = 3;
    private const int NodeOperator = 4;
    private const int NodeAttribute = 5;
    private const int NodeDomain = 7;
    private const int TensorDimension = 1;
    private const int TensorType = 2;
    private const int TensorName = 8;
    private const int TensorData = 9;

    /// <exception cref="InvalidDataException">The bytes are no model.</exception>
    public static byte[] Quantize(ReadOnlyMemory<byte> model)
    {
        var quantized = new ProtobufWriter();
        foreach (var field in ProtobufReader.Read(model))
        {
            if (field.Number == ModelGraph)
            {
                quantized.Message(ModelGraph, Graph([.. ProtobufReader.Read(field.Bytes)]));
            }
            else
            {
                quantized.Field(field);
            }
        }

        return quantized.Message(ModelOperatorSets, new ProtobufWriter().Text(1, RuntimeDomain).Number(2, 1)).ToArray();
    }

    private static ProtobufWriter Graph(List<ProtobufField> graph)
    {
        var matrices = graph.Where(field => field.Number == GraphInitializer).Select(ToMatrix).OfType<Matrix>()
            .ToDictionary(matrix => matrix.Name);
        var used = new HashSet<string>();
        var written = new ProtobufWriter();
        var hasOutput = false;
        foreach (var field in graph)
        {
            switch (field.Number)
            {
                case GraphNode:
                    Node(written, field, matrices, used);
                    break;
                case GraphInitializer:
                    break; // after the nodes, which say what is used how
                case GraphOutput when hasOutput:
                    break;
                default:
                    hasOutput |= field.Number == GraphOutput;
                    written.Field(field);
                    break;
            }
        }

        foreach (var field in graph.Where(field => field.Number == GraphInitializer))
        {
            if (ToMatrix(field) is { } matrix && used.Contains(matrix.Name))
            {
                Tensors(written, matrix);
            }
            else
            {
                written.Field(field);
            }
        }

        return written;
    }

    private static void Node(ProtobufWriter graph, ProtobufField field, Dictionary<string, Matrix> matrices,
        HashSet<string> used)
    {
        var node = ProtobufReader.Read(field.Bytes).ToList();
        var inputs = node.Where(part => part.Number == NodeInput).Select(part => part.Text).ToList();
        var output = node.First(part => part.Number == NodeOutput).Text;
        switch (node.First(part => part.Number == NodeOperator).Text)
        {
            case "MatMul" when matrices.ContainsKey(inputs[1]):
                used.Add(inputs[1]);
                graph.Message(GraphNode, Node("DynamicQuantizeMatMul", [inputs[0], inputs[1], ScaleOf(inputs[1])],
                    output)
                    .Text(NodeDomain, RuntimeDomain));
                break;
            case "Gather" when matrices.TryGetValue(inputs[0], out var table) && table.Rows > LongTableRows:
                used.Add(inputs[0]);
                graph.Message(GraphNode, Node("Gather", [inputs[0], inputs[1]], output + "_codes"));
                graph.Message(GraphNode, Node("Cast", [output + "_codes"], output + "_values")
                    .Message(NodeAttribute, ToFloat()));
                graph.Message(GraphNode, Node("Gather", [ScaleOf(inputs[0]), inputs[1]], output + "_scales"));
                graph.Message(GraphNode, Node("Mul", [output + "_values", output + "_scales"], output));
                break;
            default:
                graph.Field(field);
                break;
        }
    }

    private static ProtobufWriter Node(string op, IEnumerable<string> inputs, string output)
    {
        var node = new ProtobufWriter();
        foreach (var input in inputs)
        {
            node.Text(NodeInput, input);
        }

        return node.Text(NodeOutput, output).Text(NodeName, output + "_" + op).Text(NodeOperator, op);
    }

    private static ProtobufWriter ToFloat() => new ProtobufWriter().Text(1, "to").Number(3, FloatType)
        .Number(20, IntAttribute);

    private static string ScaleOf(string matrix) => matrix + "_scale";

    /// <summary>A constant of two dimensions in single precision; null for any other.</summary>
    private static Matrix? ToMatrix(ProtobufField field)
    {
        var tensor = ProtobufReader.Read(field.Bytes).ToList();
        var dimensions = tensor.Where(part => part.Number == TensorDimension).Select(part => (int)part.Value).ToList();
        var isMatrix = dimensions.Count == 2 && tensor.Exists(part => part.Number == TensorType
            && part.Value == FloatType)
            && tensor.Exists(part => part.Number == TensorData
                && part.Bytes.Length == dimensions[0] * dimensions[1] * sizeof(float));
        return isMatrix
            ? new Matrix(
                tensor.First(part => part.Number == TensorName).Text, dimensions[0], dimensions[1],
                tensor.First(part => part.Number == TensorData).Bytes)
            : null;
    }

    private static void Tensors(ProtobufWriter graph, Matrix matrix)
    {
        var isTable = matrix.Rows > LongTableRows;
        // ONNX is little-endian, as are all processors with a runtime
        var values = MemoryMarshal.Cast<byte, float>(matrix.Data.Span);
        var scales = isTable ? RowScales(values, matrix.Columns) : ColumnScales(values, matrix.Columns);
        var codes = new byte[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            codes[i] = (byte)(sbyte)MathF.Round(values[i] / scales[isTable ? i / matrix.Columns : i % matrix.Columns]);
        }

        graph.Message(GraphInitializer, Tensor(matrix.Name, [matrix.Rows, matrix.Columns], Int8Type, codes));
        graph.Message(GraphInitializer, Tensor(
            ScaleOf(matrix.Name), isTable ? [matrix.Rows, 1] : [matrix.Columns], FloatType,
                MemoryMarshal.AsBytes(scales.AsSpan()).ToArray()));
    }

    private static float[] RowScales(ReadOnlySpan<float> values, int columns)
    {
        var scales = new float[values.Length / columns];
        for (var row = 0; row < scales.Length; row++)
        {
            scales[row] = Scale(MathF.Abs(TensorPrimitives.MaxMagnitude(values.Slice(row * columns, columns))),
                levels: 127);
        }

        return scales;
    }

    private static float[] ColumnScales(ReadOnlySpan<float> values, int columns)
    {
        var greatest = new float[columns];
        for (var row = 0; row < values.Length / columns; row++)
        {
            TensorPrimitives.MaxMagnitude(greatest, values.Slice(row * columns, columns), greatest);
        }

        return Array.ConvertAll(greatest, value => Scale(MathF.Abs(value), Levels));
    }

    private static float Scale(float greatest, float levels) => greatest == 0 ? 1 : greatest / levels;

    private static ProtobufWriter Tensor(string name, int[] dimensions, ulong type, ReadOnlyMemory<byte> data)
    {
        var tensor = new ProtobufWriter();
        foreach (var dimension in dimensions)
        {
            tensor.Number(TensorDimension, (ulong)dimension);
        }

        return tensor.Number(TensorType, type).Text(TensorName, name).Bytes(TensorData, data);
    }

    private sealed record Matrix(string Name, int Rows, int Columns, ReadOnlyMemory<byte> Data);
}
