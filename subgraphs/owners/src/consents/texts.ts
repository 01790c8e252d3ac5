/** The texts that people consent to. A text that somebody signed is never edited: a new wording is a new version. */
import { createHash } from 'node:crypto';

export type ConsentText = { readonly version: string; readonly body: string };

export const VEHICLE_ACCESS: ConsentText = {
  version: '1',
  body: 'Я согласен на обработку государственного регистрационного номера моего автомобиля для открывания шлагбаумов и ворот жилого комплекса. Согласие действует до его отзыва; отозвать его можно в любой момент в приложении.',
};

export const PLATFORM_TRANSFER: ConsentText = {
  version: '1',
  body: 'Я согласен на передачу платформе «Умный дом» условного обозначения моего помещения и моего условного обозначения, без имени и номера телефона, для работы домофонов, ворот и шлагбаумов. Согласие действует до его отзыва; отозвать его можно в любой момент в приложении.',
};

/** Lower-case hexadecimal SHA-256 of the text's UTF-8 bytes: what a signature names. */
export const sha256Of = ({ body }: ConsentText): string => createHash('sha256').update(body).digest('hex');
