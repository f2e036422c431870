/**
 * What other implementations write, as hex: Python's gzip, Google's snappy by cramjam 2.14 and python-snappy 0.7,
 * liblz4 by lz4 4.4, libzstd by zstandard 0.25. `content` names one of the two texts below.
 */
import type { CodecName } from '@jackdaw/protocol';

export interface Vector {
  codec: CodecName;
  name: string;
  content: 'small' | 'large';
  hex: string;
}

export const small = Buffer.concat([
  Buffer.from('jackdaw, jackdaw, jackdaw: '),
  Buffer.from(Array.from({ length: 40 }, (_, index) => index)),
  Buffer.from(' jackdaw'),
]);

/** More than one LZ4 block of 64 KiB. */
export const large = Buffer.from(
  Array.from({ length: 3000 }, (_, index) => `record ${(index * 7) % 50}: the quick jackdaw\n`).join(''),
);

export const vectors: readonly Vector[] = [
  {
    codec: 'gzip',
    name: 'python gzip',
    content: 'small',
    hex:
      '1f8b0800000000000203cb4a4cce4e492cd751c84263582930303231b3b0b2b173707271f3f0f2f10b080a098b888a894b48' +
      '4a49cbc8cac92b282a29aba8aaa9c3740000f0c30fea4b000000',
  },
  {
    codec: 'gzip',
    name: 'two members',
    content: 'large',
    hex:
      '1f8b0800000000000203edd43b4a03401846d1de556409cec3e76e2409a829c4a0b87d0bfb0bf6a7fe9a99cbcfb99e8f1fd7' +
      'd3e1f6f9f0f57a3e7c7ebf1d2f87f797e3e5f4f27373fddb1e621b3bc6396a7c8c71ddc5b8678d4f31ded74f563db6facc0a' +
      'b42ad0ae40bb02559f517d46f599156855a05d817605aa3ea3fa8cea332bd0aa40ab02ed0c548fad3ea3facc0ab42ad0aa40' +
      'bb02559fca332acfac3eabfaacbc9f3ca0d8aacec83a9567569f557d76f5e1339ff9cc673ef399cf7ce6339ff9cc673ef399' +
      'cf7ce6339ff9cc673ef399cf7ce6339ff9cc673ef399cf7ce6339ff9cc673ef399cf7ce6339ff9cc673ef399cf7ce6339ff9' +
      'cc673ef399cf7ce6339ff9cc673ef399cf7ce6339ff9cc673ef399cf7ce6339ff9cc673ef399cf7ce6339ff9cc673ef399cf' +
      '7ce6339ff9cc673ef399cf7ce6339ff9cc673ef399cf7ce6339ff9cc673ef399cf7ce6339ff9cc673ef399cf7ce6339ff9cc' +
      '673ef399cf7ce6339ff9cc673ef399cf7ce6339ff9cc673ef399cf7ce6339ff9cc673ef399cf7ce6339ff9cc673ef399cf7c' +
      'e6339ff9cc673ef399cf7ce6339ff9cc673ef399cf7ce6339ff9cc673ef399cf7ce6339ff9cce77ffbfc0b41cc22c350c300' +
      '001f8b0800000000000203edd4cd4904411845d1bd5174087655f99b8df40ca8b31007c5f4c504eed6cd593f1abebad0e7f8' +
      'b89eb6f1bc7dbd9eb7cfefb7e3b2bdbf1c97d3cbcfcdf57cfc6d4fb1edf7318e19e3bcadf121c6b5eaa0d81eebbbbb7a48e5' +
      '19d567569f557d2a4fd5d9abcea83ca3facceab3aacfaa3e9567af3ca3fa8c0a342bd0aa40ab02559fbdfaecd56754a05981' +
      '56055af97fd5b1d567af3ea302cd0a342bd0ca40756cf5d9abcfa840b302cd0ab452203ef399cf7ce6339ff9cc673ef399cf' +
      '7ce6339ff9cc673ef399cf7ce6339ff9cc673ef399cf7ce6339ff9cc673ef399cf7ce6339ff9cc673ef399cf7ce6339ff9cc' +
      '673ef399cf7ce6339ff9cc673ef399cf7ce6339ff9cc673ef399cf7ce6339ff9cc673ef399cf7ce6339ff9cc673ef399cf7c' +
      'e6339ff9cc673ef399cf7ce6339ff9cc673ef399cf7ce6339ff9cc673ef399cf7ce6339ff9cc673ef399cf7ce6339ff9cc67' +
      '3ef399cf7ce6339ff9cc673ef399cf7ce6339ff9fc9f3eff021cfb7a85308e0000',
  },
  {
    codec: 'snappy',
    name: 'raw, google snappy (cramjam)',
    content: 'small',
    hex:
      '4b206a61636b6461772c203e0900c43a20000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20' +
      '21222324252627206a61636b646177',
  },
  {
    codec: 'snappy',
    name: 'raw, python-snappy',
    content: 'small',
    hex:
      '4b206a61636b6461772c203e0900c43a20000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20' +
      '21222324252627206a61636b646177',
  },
  {
    codec: 'snappy',
    name: 'xerial, one block',
    content: 'small',
    hex:
      '82534e41505059000000000100000001000000414b206a61636b6461772c203e0900c43a20000102030405060708090a0b0c' +
      '0d0e0f101112131415161718191a1b1c1d1e1f2021222324252627206a61636b646177',
  },
  {
    codec: 'snappy',
    name: 'two xerial streams joined',
    content: 'small',
    hex:
      '82534e41505059000000000100000001000000141e206a61636b6461772c203e0900103a2000010282534e41505059000000' +
      '0001000000010000002f2db0030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262720' +
      '6a61636b646177',
  },
  {
    codec: 'lz4',
    name: 'independent blocks',
    content: 'small',
    hex:
      '04224d18604082400000009c6a61636b6461772c200900f0233a20000102030405060708090a0b0c0d0e0f10111213141516' +
      '1718191a1b1c1d1e1f2021222324252627206a61636b64617700000000',
  },
  {
    codec: 'lz4',
    name: 'linked blocks of 64 KiB',
    content: 'large',
    hex:
      '04224d1848408051010000000000c213020000f30d7265636f726420303a2074686520717569636b206a61636b6461770a1c' +
      '001f371c00082f31341d00082f32311d00091f381d00082f33351d00082f34321d00091f391d00081f36ca00091f33ad0009' +
      '0f2001091f322101091f332101091f342101091f342101090f2001091f312001091f312001091f322101091f332101091f34' +
      '2101091f342101090f2001091f312001091f312001091f322101091f332101091f332101091f3421010a0fad00090f200109' +
      '1f312001091f322101091f332101091f332101091f342101090f2001090f1f01091f311f01091f322001091f332001091f33' +
      '40020a0f41020a0f1c00080f1e01091f311e010a0f1f01091f322001091f332001091f342001020fa005ffffffffffffffff' +
      'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff' +
      'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff' +
      'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff' +
      'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff' +
      'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff43507468652071' +
      '5b0000000fa005ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff' +
      'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffb9506b6461770a00000000',
  },
  {
    codec: 'lz4',
    name: 'independent blocks of 64 KiB, high compression',
    content: 'large',
    hex:
      '04224d18684080510100000000004213020000f30d7265636f726420303a2074686520717569636b206a61636b6461770a1c' +
      '001f371c00082f31341d00082f32311d00091f381d00082f33351d00082f34321d00091f391d00081f36ca00091f33ad0009' +
      '0f2001091f322101091f332101091f342101091f342101090f2001091f312001091f312001091f322101091f332101091f34' +
      '2101091f342101090f2001091f312001091f312001091f322101091f332101091f332101091f3421010a0fad00090f200109' +
      '1f312001091f322101091f332101091f332101091f342101090f2001090f1f01091f311f01091f322001091f332001091f33' +
      '40020a0f41020a0f1c00080f1e01091f311e010a0f1f01091f322001091f332001091f342001020fa005ffffffffffffffff' +
      'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff' +
      'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff' +
      'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff' +
      'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff' +
      'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff43507468652071' +
      '62010000ff0e7569636b206a61636b6461770a7265636f72642033323a2074686520711d00021f391d00082f34363a00090f' +
      '1c00082f31301d00091f371d00082f32347300091f311d00091f38ca00091f357400090f1c00080f1f01091f311f01091f32' +
      '2001091f332001091f332001091f342001090f1f01090f1e01091f311e010a0f1f01091f322001091f332001091f34200109' +
      '0f1f01090f1e01091f311e01091f321f01091f322001091f332001091f342001091f342001090f1f01091f311f01091f3220' +
      '01091f322101091f332101091f342101091f342101090f2001091f312001091f312001091f327f040a0f2101091f34210109' +
      '1f3460030a0fad00090f2001091f312001091e3221010fa005ffffffffffffffffffffffffffffffffffffffffffffffffff' +
      'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff' +
      'ff0a506b6461770a00000000',
  },
  {
    codec: 'lz4',
    name: 'content size, block and content checksums',
    content: 'large',
    hex:
      '04224d187c5080510100000000005a65020000f30d7265636f726420303a2074686520717569636b206a61636b6461770a1c' +
      '001f371c00082f31341d00082f32311d00091f381d00082f33351d00082f34321d00091f391d00081f36ca00091f33ad0009' +
      '0f2001091f322101091f332101091f342101091f342101090f2001091f312001091f312001091f322101091f332101091f34' +
      '2101091f342101090f2001091f312001091f312001091f322101091f332101091f332101091f3421010a0fad00090f200109' +
      '1f312001091f322101091f332101091f332101091f342101090f2001090f1f01091f311f01091f322001091f332001091f33' +
      '40020a0f41020a0f1c00080f1e01091f311e010a0f1f01091f322001091f332001091f342001020fa005ffffffffffffffff' +
      'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff' +
      'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff' +
      'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff' +
      'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff' +
      'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff' +
      'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff' +
      'ffffffffffffffffffffffffffffffffffffffffffffffffff15506b6461770ae10b7bd400000000d1165296',
  },
  {
    codec: 'zstd',
    name: 'content size',
    content: 'small',
    hex:
      '28b52ffd204b150200b4036a61636b6461772c203a20000102030405060708090a0b0c0d0e0f101112131415161718191a1b' +
      '1c1d1e1f2021222324252627206a61636b646177010044ca11',
  },
  {
    codec: 'zstd',
    name: 'streamed, without content size, with checksum',
    content: 'large',
    hex:
      '28b52ffd04588505000205101690c539002bd4f10d53cadd35dbcf6653ca14d41d052e2def967679bbe4ed92bf4bfef7a9a9' +
      '4918fde0823d8f30408a25a41c4b8900700b09dc614eb525ad16382080a3145407474ba3e5903986554604612003666e8461' +
      '1961ee313c086361622403f76558616488646e2c2618c81cc3c808097318c68810eec3b03342c25c86319201e61856464832' +
      'c7b0333282813247c2b0610bdbb081b04d86125e0c0e51870c20a6f1b0e12078373a018853a792',
  },
  {
    codec: 'zstd',
    name: 'two frames and a skippable one',
    content: 'small',
    hex:
      '28b52ffd20147d0000486a61636b6461772c20010034ca11532a4d180300000061626328b52ffd2037b90100636b6461773a' +
      '20000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324252627206a61636b646177',
  },
];
